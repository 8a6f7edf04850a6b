//! Real playlists, where they are present: figures that an independent program has counted.

use segue_miner::dataset::{ReadOptions, Source, read};
use segue_miner::progress::Progress;

use crate::dataset_support::real;

#[test]
fn real_playlists_have_the_known_figures() {
    let Some(path) = real("playlists/real.csv.gz") else { return };
    let dataset = read(&Source::Path(path), &ReadOptions::default(), Progress::Silent).unwrap();
    assert_eq!(dataset.rows, 827_355);
    assert_eq!(dataset.transactions.len(), 9_146);
    assert_eq!(dataset.items.len(), 220_961);
    assert_eq!(dataset.transactions.item_count(), 220_961);
    let first = dataset.items.get(0);
    assert_eq!(first.uri, "spotify:track:0UaMYEvWZi0ZqiDOoHU3YI");
    assert_eq!(first.title, "Lose Control (feat. Ciara & Fat Man Scoop)");
    assert_eq!(first.artist, "Missy Elliott");
}

#[test]
fn columns_beyond_the_needed_ones_are_passed_over() {
    let Some(path) = real("course/ds1.first5000rows.csv.gz") else { return };
    let dataset = read(&Source::Path(path), &ReadOptions::default(), Progress::Silent).unwrap();
    // The first 5000 lines, of which one is the header.
    assert_eq!(dataset.rows, 4_999);
    assert!(dataset.items.iter().all(|item| item.uri.starts_with("spotify:track:")));
}

#[test]
fn fimi_sets_have_the_published_figures() {
    for (name, transactions, items) in
        [("retail", 88_162, 16_470), ("mushroom", 8_124, 119), ("chess", 3_196, 75)]
    {
        let Some(path) = real(&format!("fimi/{name}.dat.gz")) else { continue };
        let dataset = read(&Source::Path(path), &ReadOptions::default(), Progress::Silent).unwrap();
        assert_eq!(dataset.transactions.len(), transactions, "{name}");
        assert_eq!(dataset.items.len(), items, "{name}");
    }
}
