//! Arrays of strings and of groups, as they stand in a model file: one array of offsets, one of content.

use crate::buffer::{Buffer, Span};
use crate::format::{FormatError, Section, content_error};
use crate::step::{self, Looks};

/// Where a string or a group stands among the content of all.
#[derive(Clone, Copy, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(crate) struct Part {
    start: u32,
    end: u32,
}

impl Part {
    /// That of this number.
    fn of(offsets: &[u32], number: usize) -> Self {
        Self { start: offsets[number], end: offsets[number + 1] }
    }

    fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Strings by number.
pub(crate) struct Texts {
    offsets: Span<u32>,
    bytes: Span<u8>,
}

impl Texts {
    pub(crate) fn read(
        buffer: &Buffer,
        offset: Section,
        byte: Section,
    ) -> Result<Self, FormatError> {
        let texts = Self { offsets: buffer.span(offset)?, bytes: buffer.span(byte)? };
        let offsets = buffer.slice(&texts.offsets);
        let bytes = buffer.slice(&texts.bytes);
        check_offsets(offset, offsets, bytes.len())?;
        let text = std::str::from_utf8(bytes)
            .map_err(|error| content_error(byte, error.valid_up_to(), "expected UTF-8"))?;
        match step::position(offsets, |&at| !text.is_char_boundary(at as usize)) {
            Some(entry) => Err(content_error(offset, entry, "expected the start of a character")),
            None => Ok(texts),
        }
    }

    pub(crate) fn len(&self, buffer: &Buffer) -> usize {
        buffer.slice(&self.offsets).len() - 1
    }

    pub(crate) fn get<'b>(&self, buffer: &'b Buffer, number: usize) -> &'b str {
        self.text_at(buffer, self.part(buffer, number))
    }

    pub(crate) fn text_at<'b>(&self, buffer: &'b Buffer, part: Part) -> &'b str {
        // Checking a few dozen bytes again costs less than a reader's doubt about an `unsafe` would.
        std::str::from_utf8(self.at(buffer, part)).expect("checked when the model was read")
    }

    pub(crate) fn bytes<'b>(&self, buffer: &'b Buffer, number: usize) -> &'b [u8] {
        self.at(buffer, self.part(buffer, number))
    }

    pub(crate) fn part(&self, buffer: &Buffer, number: usize) -> Part {
        Part::of(buffer.slice(&self.offsets), number)
    }

    pub(crate) fn at<'b>(&self, buffer: &'b Buffer, part: Part) -> &'b [u8] {
        &buffer.slice(&self.bytes)[part.range()]
    }

    /// The number of strings that stand before `text` in a sorted array.
    pub(crate) fn rank(&self, buffer: &Buffer, before: impl Fn(&str) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len(buffer));
        while low < high {
            let middle = usize::midpoint(low, high);
            if before(self.get(buffer, middle)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

/// Groups of numbers, by number.
pub(crate) struct Groups {
    offsets: Span<u32>,
    members: Span<u32>,
}

impl Groups {
    /// Reads groups whose members are below `bound`, sorted and distinct.
    pub(crate) fn read(
        buffer: &Buffer,
        offset: Section,
        member: Section,
        bound: usize,
    ) -> Result<Self, FormatError> {
        let groups = Self { offsets: buffer.span(offset)?, members: buffer.span(member)? };
        let members = buffer.slice(&groups.members);
        check_offsets(offset, buffer.slice(&groups.offsets), members.len())?;
        if let Some(entry) = step::position(members, |&number| number as usize >= bound) {
            return Err(content_error(member, entry, "expected a number that is in range"));
        }
        let mut looks = Looks::default();
        for group in 0..groups.len(buffer) {
            let members = groups.get(buffer, group);
            looks.add(members.len());
            if !members.is_sorted_by(|a, b| a < b) {
                return Err(content_error(offset, group, "expected a sorted group"));
            }
        }
        Ok(groups)
    }

    pub(crate) fn len(&self, buffer: &Buffer) -> usize {
        buffer.slice(&self.offsets).len() - 1
    }

    pub(crate) fn total(&self, buffer: &Buffer) -> usize {
        buffer.slice(&self.members).len()
    }

    pub(crate) fn get<'b>(&self, buffer: &'b Buffer, group: usize) -> &'b [u32] {
        self.at(buffer, self.part(buffer, group))
    }

    pub(crate) fn part(&self, buffer: &Buffer, group: usize) -> Part {
        Part::of(buffer.slice(&self.offsets), group)
    }

    pub(crate) fn at<'b>(&self, buffer: &'b Buffer, part: Part) -> &'b [u32] {
        &buffer.slice(&self.members)[part.range()]
    }
}

/// Offsets rise from 0 to the length of what they are offsets of.
pub(crate) fn check_offsets(
    section: Section,
    offsets: &[u32],
    length: usize,
) -> Result<(), FormatError> {
    if offsets.first() != Some(&0) {
        return Err(content_error(section, 0, "expected the first offset to be 0"));
    }
    if let Some(entry) = offsets.windows(2).position(|pair| pair[0] > pair[1]) {
        return Err(content_error(section, entry, "expected offsets that rise"));
    }
    if offsets.last().copied() != u32::try_from(length).ok() {
        return Err(content_error(
            section,
            offsets.len() - 1,
            "expected the length of the content",
        ));
    }
    Ok(())
}

/// An array of strings while it is made.
#[derive(Clone, Debug)]
pub(crate) struct TextsBuilder {
    pub(crate) offsets: Vec<u32>,
    pub(crate) bytes: Vec<u8>,
}

impl TextsBuilder {
    pub(crate) fn new() -> Self {
        Self { offsets: vec![0], bytes: Vec::new() }
    }

    pub(crate) fn get(&self, number: usize) -> &str {
        std::str::from_utf8(self.bytes_of(number)).expect("only whole strings are pushed")
    }

    /// The number of strings.
    pub(crate) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    pub(crate) fn bytes_of(&self, number: usize) -> &[u8] {
        &self.bytes[self.offsets[number] as usize..self.offsets[number + 1] as usize]
    }

    /// Adds a string; false where the array would outgrow its 32-bit offsets.
    #[must_use]
    pub(crate) fn push(&mut self, text: &str) -> bool {
        self.bytes.extend_from_slice(text.as_bytes());
        match u32::try_from(self.bytes.len()) {
            Ok(end) => self.offsets.push(end),
            Err(_) => return false,
        }
        true
    }
}
