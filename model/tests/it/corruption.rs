//! Damaged files: each is refused or harmless, none panics.

use segue_model::score::Scratch;
use segue_model::{Antecedent, Model, Store};

use crate::support::{Dataset, sample};
use segue_model::score::Seeds;

/// Does with a model whatever serving does.
fn use_it(model: &Model) {
    let catalog = model.catalog();
    let mut scratch = Scratch::default();
    for track in 0..catalog.len() as u32 {
        let found = catalog.find(catalog.track(track).title);
        let seeds = Seeds::new([found]);
        for scored in model.recommend(&seeds, 10, &mut scratch) {
            assert!(!model.explain(&seeds, scored.track).is_empty());
        }
    }
    let _ = (catalog.search("y", 10), catalog.near("yesterdy", 10));
}

#[test]
fn every_flipped_bit_of_every_byte_is_refused() {
    let bytes = sample().encode(2);
    use_it(&Model::from_bytes(&bytes).unwrap());
    for at in 0..bytes.len() {
        for mask in (0..8).map(|bit| 1 << bit).chain([0xff]) {
            let mut damaged = bytes.clone();
            damaged[at] ^= mask;
            let refused = Model::from_bytes(&damaged);
            assert!(refused.is_err(), "byte {at} with mask {mask:02x} is served");
        }
    }
}

#[test]
fn every_truncation_and_every_longer_file_is_refused() {
    let bytes = sample().encode(2);
    for length in 0..bytes.len() {
        assert!(Model::from_bytes(&bytes[..length]).is_err(), "{length} bytes are served");
    }
    for extra in [&b"\0"[..], b"\n", &[0; 64]] {
        assert!(Model::from_bytes(&[&bytes, extra].concat()).is_err());
    }
}

/// A file whose checksums are right but whose content is not, as a faulty miner would write it.
#[test]
fn content_that_contradicts_itself_is_refused_or_harmless() {
    let bytes = sample().encode(2);
    let header = u32_at(&bytes, 12);
    let sections = u32_at(&bytes, 24);
    for section in 0..sections {
        let entry = 64 + 24 * section;
        let (start, length) = (u32_at(&bytes, entry + 8), u32_at(&bytes, entry + 16));
        for at in start..start + length {
            for value in [0, 1, 3, 0x7f, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] = value;
                let checksum = crc32fast::hash(&damaged[start..start + length]);
                damaged[entry + 4..entry + 8].copy_from_slice(&checksum.to_le_bytes());
                damaged[32..36].fill(0);
                let checksum = crc32fast::hash(&damaged[..header]);
                damaged[32..36].copy_from_slice(&checksum.to_le_bytes());
                if let Ok(model) = Model::from_bytes(&damaged) {
                    use_harmlessly(&model);
                }
            }
        }
    }
}

/// As [`use_it`], with no claim on what comes out.
fn use_harmlessly(model: &Model) {
    let catalog = model.catalog();
    let mut scratch = Scratch::default();
    for track in 0..catalog.len() as u32 {
        let seeds = Seeds::new([vec![track].into(), catalog.find(catalog.track(track).title)]);
        for scored in model.recommend(&seeds, 10, &mut scratch) {
            let _ = model.explain(&seeds, scored.track);
        }
        let _ = model.strongest(Antecedent::Track(track), 10);
    }
    let _ = (catalog.search("y", 10), catalog.near("yesterdy", 10));
}

fn u32_at(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

#[test]
fn errors_say_what_was_expected_and_found() {
    let bytes = sample().encode(2);
    let message = |bytes: &[u8]| Model::from_bytes(bytes).unwrap_err().to_string();
    assert!(message(b"pid,track_name").starts_with("not a model file: expected it to begin with"));
    assert_eq!(
        message(&bytes[..bytes.len() - 1]),
        format!("file of {} bytes: expected {}", bytes.len() - 1, bytes.len())
    );
    let mut other = bytes.clone();
    other[8] = 99;
    assert_eq!(message(&other), "model format version 99: expected 3");
}

#[test]
fn damage_is_told_by_its_checksum_whatever_else_it_breaks() {
    let mut bytes = sample().encode(2);
    let first_section = u32_at(&bytes, 64 + 8);
    // An offset beyond all that it is an offset into.
    bytes[first_section..first_section + 4].fill(0xff);
    let error = Model::from_bytes(&bytes).unwrap_err().to_string();
    assert!(error.contains("checksum"), "{error}");
}

#[test]
fn a_file_under_another_ids_name_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let one = store.publish(&sample().encode(2)).unwrap().model;
    let other = store.publish(&Dataset::new(&[&["A - B", "A - C"]]).encode(0)).unwrap().model;
    std::fs::copy(store.path(other), store.path(one)).unwrap();
    let error = store.load(one).unwrap_err().to_string();
    assert!(error.contains(&format!("expected {one}, found {other}")), "{error}");
}

/// Bytes that version 3 of the format has always had: a reader of this version reads them, and the
/// builder makes them again. Where the format changes, its version does, too, and a new file takes
/// the place of this one (`UPDATE_GOLDEN=1 cargo test -p segue-model` writes it).
#[test]
fn the_golden_file_is_read_and_made_again() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/v3.segue");
    let made = sample().encode(2);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    let golden = std::fs::read(path).unwrap();
    use_it(&Model::from_bytes(&golden).unwrap());
    assert!(golden == made, "the bytes of format version 3 have changed");
}
