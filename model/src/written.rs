//! Rules that are written out: an array of words for each antecedent, each a consequent with an 8-bit
//! impact.
//!
//! Not here: which rules there are, and how often they hold (see `rule`).

use std::sync::LazyLock;

use crate::buffer::{Buffer, Span};
use crate::catalog::TrackId;
use crate::format::{FormatError, Section, content_error};
use crate::step;
use crate::text::check_offsets;

/// Impacts below the strongest rule's by more than this factor are written as the smallest one.
/// Three decades in 8 bits: steps of 2.7 %, which cost nothing measurable in quality.
const DECADES: f32 = 3.0;
/// Where signs are kept, seven bits are left for the size.
const SIGN: u8 = 0x80;

/// The impact that a level of `levels` stands for, as a share of the strongest rule's.
fn share_of(level: u8, levels: u8) -> f32 {
    10_f32.powf(DECADES * (f32::from(level) / f32::from(levels) - 1.0))
}

/// The impact that a level stands for, as a share of the strongest rule's.
pub(crate) fn share_of_level(level: u8) -> f32 {
    share_of(level, u8::MAX)
}

/// The same for a level with a sign.
pub(crate) fn share_of_signed_level(level: u8) -> f32 {
    let size = share_of(level & !SIGN, !SIGN);
    if level & SIGN == 0 { size } else { -size }
}

/// Finds the level of a share, from 1 to so many, or 0 for what is less, without a logarithm.
struct Levels {
    /// By the leading bits of a share, which tell it to less than half a step: the level of the least share
    /// with these bits.
    least: Vec<u8>,
    /// The least share of each level.
    from: [f32; 256],
}

impl Levels {
    const CUT_BITS: u32 = 16;

    fn new(levels: u8) -> Self {
        let nearest = |share: f32| {
            let levels = f32::from(levels);
            let level = levels * (1.0 + share.max(f32::MIN_POSITIVE).log10() / DECADES);
            level.round().clamp(0.0, levels) as u8
        };
        let steps = 10_f64.powf(f64::from(DECADES) / f64::from(levels));
        let from = |level: usize| steps.powf(level as f64 - 0.5 - f64::from(levels)) as f32;
        let last = 1.0_f32.to_bits() >> Self::CUT_BITS;
        Self {
            least: (0..=last).map(|cut| nearest(f32::from_bits(cut << Self::CUT_BITS))).collect(),
            from: std::array::from_fn(from),
        }
    }

    fn of(&self, share: f32) -> u8 {
        // What is no share, as of nothing, has the lowest.
        let least = self.least.get((share.to_bits() >> Self::CUT_BITS) as usize);
        let least = least.copied().unwrap_or_default();
        let next = self.from.get(usize::from(least) + 1);
        least + u8::from(next.is_some_and(|&next| share >= next))
    }
}

/// The 8-bit level for an impact that is this share of the strongest rule's, from 0 to 1.
pub(crate) fn level_of_share(share: f32) -> u8 {
    static LEVELS: LazyLock<Levels> = LazyLock::new(|| Levels::new(u8::MAX));
    LEVELS.of(share)
}

/// The same for a share with a sign.
pub(crate) fn signed_level_of_share(share: f32) -> u8 {
    static LEVELS: LazyLock<Levels> = LazyLock::new(|| Levels::new(!SIGN));
    let sign = if share < 0.0 { SIGN } else { 0 };
    sign | LEVELS.of(share.abs())
}

/// A rule that is written out: its consequent and its level. None for a consequent beyond the 2^24 most
/// frequent ones, the rules to which are left out.
pub(crate) fn word(consequent: TrackId, level: u8) -> Option<u32> {
    let shifted = consequent.checked_mul(1 << u8::BITS)?;
    Some(shifted | u32::from(level))
}

/// The consequent of a rule that is written out.
pub(crate) fn consequent_of(word: u32) -> TrackId {
    word >> u8::BITS
}

/// Rules that are written out: where they lie in a buffer, and what their levels stand for.
pub(crate) struct Written {
    offsets: Span<u32>,
    words: Span<u32>,
    scales: Span<f32>,
    shares: [f32; 256],
}

/// Where the rules of one antecedent stand among the words of all, and what their levels are shares of.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(crate) struct Place {
    start: u32,
    end: u32,
    scale: f32,
}

/// The rules of one antecedent that are written out.
#[derive(Clone, Copy)]
pub(crate) struct WrittenRules<'m> {
    words: &'m [u32],
    scale: f32,
    shares: &'m [f32; 256],
}

impl<'m> WrittenRules<'m> {
    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The `most` first of them.
    pub(crate) fn first(self, most: usize) -> Self {
        Self { words: &self.words[..self.words.len().min(most)], ..self }
    }

    /// The rules as they are written.
    pub(crate) fn words(self) -> &'m [u32] {
        self.words
    }

    /// The least impact that a rule of these can have.
    pub(crate) fn least(self) -> f32 {
        self.scale * self.shares[0]
    }

    /// The rules: consequents and impacts, `times` as large.
    pub(crate) fn iter(self, times: f32) -> impl Iterator<Item = (TrackId, f32)> + Clone + 'm {
        let scale = times * self.scale;
        self.words
            .iter()
            .map(move |&word| (consequent_of(word), scale * self.shares[usize::from(word as u8)]))
    }

    /// Visits all rules: consequents and impacts, `times` as large.
    #[inline]
    pub(crate) fn visit(self, times: f32, mut visit: impl FnMut(TrackId, f32)) {
        let scale = times * self.scale;
        for &word in self.words {
            visit(consequent_of(word), scale * self.shares[usize::from(word as u8)]);
        }
    }
}

impl Written {
    /// Reads rules of at most `antecedents` antecedents, which come in this order of sections: offsets,
    /// words, scales.
    pub(crate) fn read(
        buffer: &Buffer,
        [offset, word, scale]: [Section; 3],
        antecedents: usize,
        tracks: usize,
        share: impl Fn(u8) -> f32,
    ) -> Result<Self, FormatError> {
        let written = Self {
            offsets: buffer.span(offset)?,
            words: buffer.span(word)?,
            scales: buffer.span(scale)?,
            shares: std::array::from_fn(|level| share(level as u8)),
        };
        let fail = |section, entry, reason| Err(content_error(section, entry, reason));
        let words = buffer.slice(&written.words);
        check_offsets(offset, buffer.slice(&written.offsets), words.len())?;
        if written.len(buffer) > antecedents {
            return fail(offset, antecedents, "expected at most a group for each antecedent");
        }
        // The greatest is found many words at a time, and is rarely to be looked for.
        let is_wrong = |&word: &u32| consequent_of(word) as usize >= tracks;
        let greatest = |piece: &[u32]| piece.iter().fold(0, |most, &word| most.max(word));
        if is_wrong(&step::pieces(words).map(greatest).max().unwrap_or(0))
            && let Some(entry) = words.iter().position(is_wrong)
        {
            return fail(word, entry, "expected a rule to a track that is there");
        }
        let scales = buffer.slice(&written.scales);
        if scales.len() != written.len(buffer) {
            return fail(scale, 0, "expected a scale for each antecedent");
        }
        // Sums over many rules stay numbers, too.
        let sound = |scale: &f32| (0.0..=1e20).contains(scale);
        match scales.iter().position(|scale| !sound(scale)) {
            Some(entry) => fail(scale, entry, "expected a number from 0 to 1e20"),
            None => Ok(written),
        }
    }

    /// The number of antecedents, from the first on, some of which may have no rules.
    pub(crate) fn len(&self, buffer: &Buffer) -> usize {
        buffer.slice(&self.offsets).len() - 1
    }

    /// The rules of an antecedent.
    pub(crate) fn get<'m>(&'m self, buffer: &'m Buffer, antecedent: u32) -> WrittenRules<'m> {
        self.at(buffer, self.place(buffer, antecedent))
    }

    /// Where they stand.
    pub(crate) fn place(&self, buffer: &Buffer, antecedent: u32) -> Place {
        let (offsets, antecedent) = (buffer.slice(&self.offsets), antecedent as usize);
        match (offsets.get(antecedent), offsets.get(antecedent + 1)) {
            (Some(&start), Some(&end)) => {
                Place { start, end, scale: buffer.slice(&self.scales)[antecedent] }
            }
            _ => Place { start: 0, end: 0, scale: 0.0 },
        }
    }

    pub(crate) fn at<'m>(&'m self, buffer: &'m Buffer, place: Place) -> WrittenRules<'m> {
        let Place { start, end, scale } = place;
        let words = &buffer.slice(&self.words)[start as usize..end as usize];
        WrittenRules { words, scale, shares: &self.shares }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_has_the_nearest_level() {
        for level in 0..=u8::MAX {
            let share = share_of_level(level);
            assert_eq!(level_of_share(share), level);
            let (less, more) =
                (level_of_share(share * 0.99), level_of_share((share * 1.01).min(1.0)));
            // Half a step is 1.35 %.
            assert_eq!((less, more), (level, level));
            assert_eq!(level_of_share(share * 0.98), level.saturating_sub(1));
        }
        for level in 0..=!SIGN {
            for sign in [0, SIGN] {
                assert_eq!(
                    signed_level_of_share(share_of_signed_level(sign | level)),
                    sign | level
                );
            }
        }
        assert_eq!(level_of_share(0.0), 0);
        assert_eq!(level_of_share(f32::NAN), 0);
    }
}
