//! Numbers as people read them.

/// A time: three digits and the unit that suits it.
#[must_use]
pub fn time(ns: u64) -> String {
    // The bounds are where rounding to three digits would reach the next unit.
    let (value, unit) = match ns {
        0 => return "0 s".to_owned(),
        1..999_500 => (ns as f64 / 1e3, "µs"),
        999_500..999_500_000 => (ns as f64 / 1e6, "ms"),
        999_500_000..99_950_000_000 => (ns as f64 / 1e9, "s"),
        _ => return clock(ns / 1_000_000_000),
    };
    let digits = match value {
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}")
}

/// A long time: hours, minutes and seconds.
fn clock(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes} min {seconds:02} s"),
        _ => format!("{hours} h {minutes:02} min"),
    }
}

/// A moment of a run, in seconds since its start.
#[must_use]
pub fn moment(ns: u64) -> String {
    format!("{:.2} s", ns as f64 / 1e9)
}

/// A number of things, its digits in groups of three.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share of a whole, in per cent; what is not all is never shown as all, nor what is some as none.
#[must_use]
pub fn percent(part: u64, whole: u64) -> String {
    if part == 0 || part == whole {
        return if part == 0 { "0 %" } else { "100 %" }.to_owned();
    }
    let percent = part as f64 / whole.max(1) as f64 * 100.0;
    match percent {
        ..0.001 => "< 0.001 %".to_owned(),
        ..1.0 => format!("{percent:.3} %"),
        ..99.0 => format!("{percent:.1} %"),
        ..99.999 => format!("{percent:.3} %"),
        _ => "> 99.999 %".to_owned(),
    }
}

/// A multiple.
#[must_use]
pub fn ratio(value: f64) -> String {
    format!("{value:.2}×")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_the_unit_that_suits_them() {
        for (ns, text) in [
            (0, "0 s"),
            (7_125, "7.12 µs"),
            (412_000, "412 µs"),
            (999_499, "999 µs"),
            (999_500, "1.00 ms"),
            (9_996_000, "10.0 ms"),
            (999_499_999, "999 ms"),
            (1_234_000_000, "1.23 s"),
            (99_949_999_999, "99.9 s"),
            (99_950_000_000, "1 min 39 s"),
            (3_725_000_000_000, "1 h 02 min"),
        ] {
            assert_eq!(time(ns), text);
        }
    }

    #[test]
    fn counts_are_grouped() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(25_000_000), "25,000,000");
    }

    #[test]
    fn some_is_never_shown_as_none_and_most_never_as_all() {
        assert_eq!(percent(0, 10), "0 %");
        assert_eq!(percent(0, 0), "0 %");
        assert_eq!(percent(1, 10_000_000), "< 0.001 %");
        assert_eq!(percent(1, 1_000), "0.100 %");
        assert_eq!(percent(1, 3), "33.3 %");
        assert_eq!(percent(9_999, 10_000), "99.990 %");
        assert_eq!(percent(9_999_999, 10_000_000), "> 99.999 %");
        assert_eq!(percent(10, 10), "100 %");
    }
}
