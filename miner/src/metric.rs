//! The measures by which association rules are judged, each a function of four counts.
//!
//! Below, for a rule A -> C, P(A), P(C) and P(AC) are the shares of transactions that hold the
//! antecedent, the consequent, and both.

/// How many transactions hold what a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// All transactions.
    pub transactions: u64,
    /// Those that hold the antecedent.
    pub antecedent: u64,
    /// Those that hold the consequent.
    pub consequent: u64,
    /// Those that hold both.
    pub both: u64,
}

/// A measure of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Metric {
    /// In which share of all transactions the rule holds, from 0 to 1: P(AC).
    ///
    /// Agrawal, Imieliński, Swami, Mining association rules between sets of items in large databases,
    /// SIGMOD 1993.
    Support,
    /// How often the consequent is there when the antecedent is, from 0 to 1: P(AC) / P(A).
    ///
    /// Agrawal, Imieliński, Swami, 1993.
    Confidence,
    /// How many times as often both are together as if they were independent; 1 if they are:
    /// P(AC) / (P(A) P(C)).
    ///
    /// Brin, Motwani, Ullman, Tsur, Dynamic itemset counting and implication rules for market basket data,
    /// SIGMOD 1997 (there called interest).
    Lift,
    /// In how much larger a share of transactions both are together than if they were independent, from
    /// -0.25 to 0.25; 0 if they are: P(AC) - P(A) P(C).
    ///
    /// Piatetsky-Shapiro, Discovery, analysis and presentation of strong rules, in Knowledge Discovery in
    /// Databases, 1991.
    Leverage,
    /// How many times as often the rule would be wrong if both were independent; 1 if they are, infinite
    /// if the rule always holds: (1 - P(C)) / (1 - confidence).
    ///
    /// Brin, Motwani, Ullman, Tsur, 1997.
    Conviction,
    /// From -1 (never together) over 0 (independent) to 1 (the consequent never without the antecedent):
    /// (P(AC) - P(A) P(C)) / max(P(AC) (1 - P(A)), P(A) (P(C) - P(AC))); 0 where that divides by 0.
    ///
    /// Zhang, Association rules, PAKDD 2000.
    Zhang,
    /// The mean of both directions' confidences, from 0 to 1: (P(AC) / P(A) + P(AC) / P(C)) / 2.
    ///
    /// Kulczyński, Die Pflanzenassoziationen der Pieninen, 1927; Wu, Chen, Han, Re-examination of
    /// interestingness measures in pattern mining, Data Mining and Knowledge Discovery 21, 2010.
    Kulczynski,
    /// How unequally frequent both sides are, from 0 (equally) to 1:
    /// |P(A) - P(C)| / (P(A) + P(C) - P(AC)).
    ///
    /// Wu, Chen, Han, 2010.
    #[value(alias = "imbalance_ratio")]
    ImbalanceRatio,
}

impl Metric {
    /// All measures, in the order of result columns.
    pub const ALL: [Self; 8] = [
        Self::Support,
        Self::Confidence,
        Self::Lift,
        Self::Leverage,
        Self::Conviction,
        Self::Zhang,
        Self::Kulczynski,
        Self::ImbalanceRatio,
    ];

    /// The name in results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Support => "support",
            Self::Confidence => "confidence",
            Self::Lift => "lift",
            Self::Leverage => "leverage",
            Self::Conviction => "conviction",
            Self::Zhang => "zhang",
            Self::Kulczynski => "kulczynski",
            Self::ImbalanceRatio => "imbalance_ratio",
        }
    }

    /// The value for a rule whose sides are held by one transaction at least.
    #[must_use]
    #[inline]
    #[allow(clippy::cast_precision_loss)]
    pub fn of(self, evidence: &Evidence) -> f64 {
        let [n, a, c, both] = [
            evidence.transactions as f64,
            evidence.antecedent as f64,
            evidence.consequent as f64,
            evidence.both as f64,
        ];
        match self {
            Self::Confidence => both / a,
            other => other.of_all(n, a, c, both),
        }
    }

    /// All measures. Apart from what is asked most, which does not wait for their divisions then.
    #[inline(never)]
    fn of_all(self, n: f64, a: f64, c: f64, both: f64) -> f64 {
        // Counts are whole numbers below 2^53, so differences of them are exact and 0 is really 0.
        match self {
            Self::Support => both / n,
            Self::Confidence => both / a,
            Self::Lift => both * n / (a * c),
            Self::Leverage => (both * n - a * c) / (n * n),
            Self::Conviction if both == a => f64::INFINITY,
            Self::Conviction => (n - c) * a / (n * (a - both)),
            Self::Zhang => {
                let largest = f64::max(both * (n - a), a * (c - both));
                if largest == 0.0 { 0.0 } else { (both * n - a * c) / largest }
            }
            Self::Kulczynski => both * (a + c) / (2.0 * a * c),
            Self::ImbalanceRatio => (a - c).abs() / (a + c - both),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(transactions: u64, antecedent: u64, consequent: u64, both: u64) -> [f64; 8] {
        let evidence = Evidence { transactions, antecedent, consequent, both };
        Metric::ALL.map(|metric| metric.of(&evidence))
    }

    #[test]
    fn independent_sides_have_the_neutral_values() {
        // Half of all have A, two fifths have C, and a fifth both.
        assert_eq!(all(100, 50, 40, 20), [0.2, 0.4, 1.0, 0.0, 1.0, 0.0, 0.45, 1.0 / 7.0]);
    }

    #[test]
    fn a_rule_that_always_holds_has_the_extreme_values() {
        let [_, confidence, lift, _, conviction, zhang, kulczynski, imbalance] =
            all(100, 10, 10, 10);
        assert_eq!((confidence, lift, conviction), (1.0, 10.0, f64::INFINITY));
        assert_eq!((zhang, kulczynski, imbalance), (1.0, 1.0, 0.0));
    }

    #[test]
    fn a_value_is_the_nearest_number_to_the_exact_one() {
        // 7 of 10, and 7 of 70: two fifths on average.
        assert_eq!(
            Metric::Kulczynski.of(&Evidence {
                transactions: 73,
                antecedent: 10,
                consequent: 70,
                both: 7
            }),
            0.4
        );
    }

    #[test]
    fn sides_that_are_everywhere_have_finite_values_but_conviction() {
        assert_eq!(all(9, 9, 9, 9), [1.0, 1.0, 1.0, 0.0, f64::INFINITY, 0.0, 1.0, 0.0]);
    }
}
