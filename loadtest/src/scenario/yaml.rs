//! Where things stand in a YAML file, so that a value can be changed and all else left as it is:
//! comments, order, quotes, indentation.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, SpannedEventReceiver};

/// A node and the bytes that it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Scalar {
        value: String,
        place: Option<Range<usize>>,
    },
    Map(Vec<(String, Node)>),
    List(Vec<Node>),
    /// A reference to a node elsewhere: it can't be changed here without changing that.
    Alias,
}

impl Node {
    /// The first document of a text.
    pub(super) fn parse(text: &str) -> Result<Self, ScanError> {
        let mut offsets: Vec<usize> = text.char_indices().map(|(offset, _)| offset).collect();
        offsets.push(text.len());
        let mut builder = Builder { text, offsets, open: vec![Open::List(Vec::new())] };
        Parser::new_from_str(text).load(&mut builder, false)?;
        let root = match builder.open.pop() {
            Some(Open::List(mut documents)) if !documents.is_empty() => documents.remove(0),
            _ => Self::Map(Vec::new()),
        };
        Ok(root)
    }

    /// A map's value.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Map(entries) = self else {
            return None;
        };
        let entry = entries.iter().find(|(key, _)| key == name);
        entry.map(|(_, value)| value)
    }

    /// A list's members; none where this is no list.
    pub(super) fn members(&self) -> &[Self] {
        match self {
            Self::List(members) => members,
            _ => &[],
        }
    }

    /// A scalar's text.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Scalar { value, .. } => Some(value),
            _ => None,
        }
    }

    /// The place of a scalar that stands there as it reads, quotes included.
    pub(super) fn place(&self) -> Option<Range<usize>> {
        match self {
            Self::Scalar { place, .. } => place.clone(),
            _ => None,
        }
    }
}

/// A collection whose end has not come.
enum Open {
    List(Vec<Node>),
    Map(Vec<(String, Node)>, Option<String>),
}

/// Builds nodes from the parser's events.
struct Builder<'t> {
    text: &'t str,
    /// The byte at which each character begins: the parser counts characters.
    offsets: Vec<usize>,
    open: Vec<Open>,
}

impl Builder<'_> {
    /// Where a scalar stands as it reads. The parser's span may reach past a comment; and folded lines,
    /// escapes, anchors and the like are not to be replaced by a plain value.
    fn place(&self, value: &str, style: ScalarStyle, span: Span) -> Option<Range<usize>> {
        let quote = match style {
            ScalarStyle::Plain => "",
            ScalarStyle::SingleQuoted => "'",
            ScalarStyle::DoubleQuoted => "\"",
            ScalarStyle::Literal | ScalarStyle::Folded => return None,
        };
        let start = self.offsets[span.start.index()];
        let text = format!("{quote}{value}{quote}");
        let stands_so = !text.is_empty() && self.text[start..].starts_with(&text);
        stands_so.then(|| start..start + text.len())
    }

    fn add(&mut self, node: Node) {
        match self.open.last_mut() {
            Some(Open::List(members)) => members.push(node),
            Some(Open::Map(entries, key)) => match key.take() {
                Some(key) => entries.push((key, node)),
                // Only a scalar is a name; other keys never match one.
                None => *key = Some(node.text().unwrap_or_default().to_owned()),
            },
            None => unreachable!("the list of documents stays open"),
        }
    }
}

impl<'input> SpannedEventReceiver<'input> for Builder<'_> {
    fn on_event(&mut self, event: Event<'input>, span: Span) {
        match event {
            Event::SequenceStart(..) => self.open.push(Open::List(Vec::new())),
            Event::MappingStart(..) => self.open.push(Open::Map(Vec::new(), None)),
            Event::SequenceEnd | Event::MappingEnd => {
                let node = match self.open.pop() {
                    Some(Open::List(members)) => Node::List(members),
                    Some(Open::Map(entries, _)) => Node::Map(entries),
                    None => unreachable!("ends match beginnings"),
                };
                self.add(node);
            }
            Event::Scalar(value, style, ..) => {
                let place = self.place(&value, style, span);
                let value = value.into_owned();
                self.add(Node::Scalar { value, place });
            }
            Event::Alias(_) => self.add(Node::Alias),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_know_their_bytes_in_block_and_flow_style_after_other_alphabets() {
        let text = "# één\nimages: # ♫\n  - name: 'api'\n    newTag: \"1.0\"   # tag\n\
                    replicas: [{name: api, count: 3}]\n";
        let root = Node::parse(text).unwrap();
        let tag = root.get("images").unwrap().members()[0].get("newTag");
        assert_eq!(tag.unwrap().text(), Some("1.0"));
        assert_eq!(&text[tag.unwrap().place().unwrap()], "\"1.0\"");
        let replica = &root.get("replicas").unwrap().members()[0];
        assert_eq!(&text[replica.get("count").unwrap().place().unwrap()], "3");
        let folded = Node::parse("count: >-\n  3\n").unwrap();
        assert_eq!(folded.get("count").unwrap().text(), Some("3"));
        assert_eq!(folded.get("count").unwrap().place(), None);
        assert_eq!(root.get("nothing"), None);
    }

    #[test]
    fn an_empty_text_is_an_empty_map_and_a_broken_one_is_refused() {
        assert_eq!(Node::parse("# only\n").unwrap(), Node::Map(Vec::new()));
        assert!(Node::parse("a: [1").is_err());
    }
}
