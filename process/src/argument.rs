//! Values of command-line arguments that clap does not know.

use std::time::Duration;

use jiff::SignedDuration;

/// A length of time as people write it: `250ms`, `5s`, `1m 30s`, `2h`.
///
/// # Errors
/// The text is not such a length, or is negative.
pub fn duration(text: &str) -> Result<Duration, String> {
    let signed: SignedDuration = text.parse().map_err(|_| {
        "expected a length of time with its unit, such as 250ms, 5s or 1m30s".to_owned()
    })?;
    Duration::try_from(signed).map_err(|_| "a length of time can't be negative".to_owned())
}

/// A length of time that is not zero, as [`duration`] reads it: as between two looks.
///
/// # Errors
/// The text is not such a length, or it is zero.
pub fn interval(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("expected a length of time above zero".to_owned()),
        interval => Ok(interval),
    }
}

/// A number of bytes as people write it: `65536`, `64KiB`, `2MiB`, `10GB`.
///
/// # Errors
/// The text is not such a number.
pub fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor: u64 = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kib" | "k" => 1 << 10,
        "mib" | "m" => 1 << 20,
        "gib" | "g" => 1 << 30,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return Err("expected a number of bytes, such as 65536, 64KiB or 2GB".to_owned()),
    };
    digits
        .trim()
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(factor))
        .ok_or_else(|| "expected a whole number of bytes, such as 65536, 64KiB or 2GB".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_written_and_refuse_what_is_not_one() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("1m 30s"), Ok(Duration::from_secs(90)));
        assert!(duration("5").is_err());
        assert!(duration("-5s").is_err());
        assert!(duration("soon").is_err());
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        assert!(interval("0s").is_err());
        assert_eq!(interval("5s"), Ok(Duration::from_secs(5)));
    }

    #[test]
    fn byte_counts_read_as_written_and_refuse_what_is_not_one() {
        assert_eq!(bytes("65536"), Ok(65_536));
        assert_eq!(bytes("64KiB"), Ok(65_536));
        assert_eq!(bytes("2GB"), Ok(2_000_000_000));
        assert!(bytes("many").is_err());
        assert!(bytes("99999999999GiB").is_err());
    }
}
