//! What is kept of each request: when it was due, how it ended, who answered.
//!
//! Nothing is aggregated here; every figure of a report is computed from these records afterwards.

use std::fmt;

/// How a request ended. Every scheduled request ends in exactly one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Status 200 with the whole promised body: `songs`, `version` and `model_date`.
    Ok,
    /// Any other status.
    Status(u16),
    /// Nobody listened at the address.
    Refused,
    /// No connection for another reason: no route, an unreachable network.
    Unreachable,
    /// The connection was reset.
    Reset,
    /// The connection was closed before the whole answer had come.
    Closed,
    /// No whole answer in time, counted from the time the request was due.
    Timeout,
    /// Status 200 without the promised body, or something that is not HTTP.
    BadBody,
    /// This program ran out of something of its own: file descriptors or local ports. Such a request
    /// says nothing about the service.
    Local,
}

impl Outcome {
    /// Whether the user of this request got what was asked for.
    #[must_use]
    pub fn is_ok(self) -> bool {
        self == Self::Ok
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Ok => "ok",
            Self::Status(code) => return write!(f, "status {code}"),
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::Timeout => "timeout",
            Self::BadBody => "bad body",
            Self::Local => "local limit",
        };
        f.write_str(text)
    }
}

impl serde::Serialize for Outcome {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When it was due, in nanoseconds since the start.
    pub intended_ns: u64,
    /// How much later than that it was handed to its connection: this program's own delay, or the wait
    /// for a connection where `queued`.
    pub lag_ns: u64,
    /// From the time it was due to its end, lag included.
    pub latency_ns: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// Who answered, as an index into the run's identities; absent where nobody did.
    pub identity: Option<IdentityId>,
    /// Whether it had to wait because `--max-connections` were all busy.
    pub queued: bool,
}

impl Sample {
    /// When it ended, in nanoseconds since the start.
    #[must_use]
    pub fn arrived_ns(&self) -> u64 {
        self.intended_ns.saturating_add(self.latency_ns)
    }
}

/// What an answer says of who gave it. A part that the answer does not state is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Identity {
    /// The body's `version`: the running code.
    pub version: Option<String>,
    /// The header `x-segue-model`: the model's id.
    pub model: Option<String>,
    /// The body's `model_date`.
    pub model_date: Option<String>,
    /// The header `x-segue-instance`: the process or pod.
    pub instance: Option<String>,
}

/// An identity's place in [`Identities`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentityId(u16);

impl IdentityId {
    /// The index into the run's identities.
    #[must_use]
    pub fn index(self) -> usize {
        self.0.into()
    }
}

/// The identities met so far, each once, so that a sample names one in two bytes.
#[derive(Debug, Default)]
pub struct Identities {
    met: Vec<Identity>,
}

impl Identities {
    /// A service has a few instances and versions. One that invents a new one for each answer gets its
    /// further ones counted together, under the last place.
    const MOST: usize = 1_024;

    /// The place of an identity, new or met before.
    pub fn intern(
        &mut self,
        version: Option<&str>,
        model: Option<&str>,
        model_date: Option<&str>,
        instance: Option<&str>,
    ) -> IdentityId {
        let known = self.met.iter().position(|known| {
            known.instance.as_deref() == instance
                && known.version.as_deref() == version
                && known.model.as_deref() == model
                && known.model_date.as_deref() == model_date
        });
        let index = known.unwrap_or_else(|| {
            if self.met.len() < Self::MOST {
                self.met.push(Identity {
                    version: version.map(str::to_owned),
                    model: model.map(str::to_owned),
                    model_date: model_date.map(str::to_owned),
                    instance: instance.map(str::to_owned),
                });
            }
            self.met.len() - 1
        });
        IdentityId(u16::try_from(index).expect("places end at 1,024"))
    }

    /// All identities, in the order in which they were met.
    #[must_use]
    pub fn all(&self) -> &[Identity] {
        &self.met
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_keeps_its_place_and_a_changed_part_makes_another() {
        let mut identities = Identities::default();
        let first = identities.intern(Some("1"), Some("a"), Some("d"), Some("x"));
        let other = identities.intern(Some("1"), Some("a"), Some("d"), Some("y"));
        let unnamed = identities.intern(None, None, None, Some("x"));
        assert_eq!(first, identities.intern(Some("1"), Some("a"), Some("d"), Some("x")));
        assert_ne!(first, other);
        assert_ne!(first, unnamed);
        assert_eq!(identities.all().len(), 3);
        assert_eq!(identities.all()[other.index()].instance.as_deref(), Some("y"));
    }

    #[test]
    fn identities_without_end_are_counted_together_past_the_bound() {
        let mut identities = Identities::default();
        for number in 0..3_000 {
            identities.intern(Some(&number.to_string()), None, None, None);
        }
        assert_eq!(identities.all().len(), Identities::MOST);
        assert_eq!(identities.intern(Some("another"), None, None, None).index(), 1_023);
    }

    #[test]
    fn a_sample_stays_small() {
        // Every request of a run is kept: an hour at 1,000/s is 3.6 million of these.
        assert!(size_of::<Sample>() <= 40);
    }
}
