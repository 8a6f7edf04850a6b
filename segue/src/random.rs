//! Random numbers that are the same on every machine: whole numbers only, since floating-point functions
//! may differ in their last digit from one library to the next.
//!
//! Not here: secrets. Whoever sees a few of these numbers can tell the next.

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014).
#[derive(Clone, Debug)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The generator that belongs to these numbers: any two lists of them have nothing to do with each
    /// other.
    pub(crate) fn of(numbers: &[u64]) -> Self {
        let state = numbers.iter().fold(0, |state, &number| Self::new(state ^ number).next());
        Self { state }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 if that is 0. Not exactly uniform: off by one in 2^64 / `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// True `percent` times of a hundred.
    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of some things.
    pub(crate) fn pick<T: Copy>(&mut self, things: &[T]) -> T {
        things[self.below(things.len() as u64) as usize]
    }

    /// A rank below `count`, small ones likelier: as 1 / (rank + `head`), which is Zipf's law with a head
    /// as flat as real charts have it (Mandelbrot). Both numbers are at least 1.
    ///
    /// Octaves from `head` on (`head` to 2 `head`, to 4 `head`, ...) are equally likely under that law,
    /// and within one it is taken as constant.
    pub(crate) fn rank(&mut self, count: u64, head: u64) -> u64 {
        let octaves = (count.div_ceil(head) + 1).next_power_of_two().ilog2();
        loop {
            let low = head << self.below(octaves.into());
            let rank = low + self.below(low) - head;
            if rank < count {
                return rank;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_published_generator() {
        // From the reference implementation at https://prng.di.unimi.it/splitmix64.c with seed 1234567.
        let mut random = Random::new(1_234_567);
        let first =
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!([random.next(), random.next(), random.next()], first);
    }

    #[test]
    fn ranks_follow_the_law_and_reach_all_there_are() {
        let mut random = Random::new(1);
        let (count, head, draws) = (1000, 10, 400_000u32);
        let mut drawn = vec![0u32; count as usize];
        for _ in 0..draws {
            drawn[random.rank(count, head) as usize] += 1;
        }
        let law = |rank: usize| 1.0 / (rank as f64 + head as f64);
        let all: f64 = (0..count as usize).map(law).sum();
        for range in [0..10, 10..100, 100..500, 500..1000] {
            let expected = f64::from(draws) * range.clone().map(law).sum::<f64>() / all;
            let found = f64::from(drawn[range.clone()].iter().sum::<u32>());
            assert!((found / expected - 1.0).abs() < 0.2, "{range:?}: {found} of {expected}");
        }
        assert!(drawn.iter().all(|&times| times > 0));
        assert_eq!(random.rank(1, 7), 0);
    }

    #[test]
    fn bounds_hold_and_every_thing_is_picked() {
        let mut random = Random::of(&[1, 2]);
        assert!((0..1000).all(|_| random.below(3) < 3));
        assert_eq!(random.below(0), 0);
        let picked: std::collections::BTreeSet<_> = (0..100).map(|_| random.pick(b"abc")).collect();
        assert_eq!(picked.len(), 3);
        assert!(!random.percent(0) && random.percent(100));
    }
}
