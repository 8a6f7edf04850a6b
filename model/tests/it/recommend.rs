//! Scoring against the formula, computed from the playlists themselves.

use proptest::prelude::*;
use segue_model::score::{Scratch, Seeds};
use segue_model::{Antecedent, TrackId};

use crate::support::{Dataset, Song, sample};

const SONGS: [Song; 12] = [
    "A - 1", "A - 2", "B - 3", "B - 4", "C - 5", "C - 6", "D - 7", "D - 8", "E - 9", "E - 10",
    "F - 11", "F - 12",
];

/// The scores of the module's formula, with nothing indexed, stored or rounded.
fn scores(dataset: &Dataset, seeds: &[TrackId]) -> Vec<f32> {
    let popularity = -(0.17 * (seeds.len() as f32).ln()).min(0.7);
    let mean = dataset.playlists.iter().map(Vec::len).sum::<usize>() as f32
        / dataset.playlists.len() as f32;
    (0..dataset.songs.len() as TrackId)
        .map(|c| {
            let mut sum = 0.0;
            for (index, &a) in seeds.iter().enumerate() {
                let (n, weight) = dataset.count(&[a, c]);
                let support = dataset.count(&[a]).0 as f32;
                sum += support.powf(-0.75) * weight * n as f32 / (n as f32 + 3.0);
                for &b in &seeds[..index] {
                    let (n, _) = dataset.count(&[a, b, c]);
                    let support = dataset.count(&[a, b]).0 as f32;
                    if n >= 2 {
                        let n = n as f32;
                        sum += 0.3 * mean.powf(-0.5) * support.powf(-0.75) * n * n / (n + 3.0);
                    }
                }
            }
            sum * (dataset.count(&[c]).0 as f32 + 20.0).powf(popularity)
        })
        .collect()
}

fn playlists() -> impl Strategy<Value = Vec<Vec<Song>>> {
    prop::collection::vec(prop::sample::subsequence(SONGS.to_vec(), 1..=12), 1..20)
}

proptest! {
    #[test]
    fn explicit_and_implicit_rules_give_the_formulas_scores(
        playlists in playlists(),
        chosen in prop::collection::btree_set(0..12_u32, 1..6),
        implicit_support in 0..20_u32,
    ) {
        let playlists: Vec<&[Song]> = playlists.iter().map(Vec::as_slice).collect();
        let dataset = Dataset::new(&playlists);
        let model = dataset.model(implicit_support);
        let tracks = dataset.songs.len() as u32;
        let mut seeds: Vec<TrackId> = chosen.into_iter().map(|track| track % tracks).collect();
        seeds.sort_unstable();
        seeds.dedup();
        let expected = scores(&dataset, &seeds);
        let given = Seeds::new(seeds.iter().map(|&track| vec![track]));
        let found = model.recommend(&given, 100, &mut Scratch::default());

        for scored in &found {
            let expected = expected[scored.track as usize];
            prop_assert!(!seeds.contains(&scored.track));
            // An 8-bit level is off by 1.4 % at most.
            prop_assert!((scored.score - expected).abs() <= 0.02 * expected.abs());
        }
        let due = (0..tracks).filter(|&c| !seeds.contains(&c) && expected[c as usize] > 0.0);
        prop_assert_eq!(found.len(), due.count());
        let sorted = found
            .is_sorted_by_key(|scored| (std::cmp::Reverse(scored.score.to_bits()), scored.track));
        prop_assert!(sorted);
    }

    #[test]
    fn reasons_are_counted_in_the_playlists(playlists in playlists(), seeds in (0..12_u32, 0..12_u32)) {
        let playlists: Vec<&[Song]> = playlists.iter().map(Vec::as_slice).collect();
        let dataset = Dataset::new(&playlists);
        let model = dataset.model(3);
        let tracks = dataset.songs.len() as u32;
        let given = Seeds::new([vec![seeds.0 % tracks], vec![seeds.1 % tracks]]);
        for scored in model.recommend(&given, 5, &mut Scratch::default()) {
            let reasons = model.explain(&given, scored.track);
            prop_assert!(!reasons.is_empty());
            for rule in reasons {
                let mut antecedent = match rule.antecedent {
                    Antecedent::One(a) => vec![a],
                    Antecedent::Two(a, b) => vec![a, b],
                };
                prop_assert_eq!(rule.antecedent_support, dataset.count(&antecedent).0);
                antecedent.push(rule.consequent);
                prop_assert_eq!(rule.support, dataset.count(&antecedent).0);
                prop_assert_eq!(rule.consequent_support, dataset.count(&[rule.consequent]).0);
            }
        }
    }
}

#[test]
fn another_edition_of_a_seed_is_not_recommended_and_no_song_twice() {
    let model = sample().model(2);
    let seeds = Seeds::new([model.catalog().find("test:Queen - Bohemian Rhapsody")]);
    let found = model.recommend(&seeds, 10, &mut Scratch::default());
    assert!(!found.is_empty());
    for scored in found {
        assert!(!model.catalog().title(scored.track).starts_with("Bohemian"));
    }
    let popular = model.popular(&Seeds::default(), 10);
    let editions = popular.iter().filter(|&&t| model.catalog().title(t).starts_with("Bohemian"));
    assert_eq!(editions.count(), 1);
}

#[test]
fn fewer_are_wanted_than_there_are() {
    let model = sample().model(2);
    let seeds = Seeds::new([model.catalog().find("Beatles - Yesterday")]);
    let mut scratch = Scratch::default();
    let all = model.recommend(&seeds, 100, &mut scratch);
    for limit in 0..all.len() {
        assert_eq!(model.recommend(&seeds, limit, &mut scratch), all[..limit]);
    }
}

#[test]
fn a_song_alone_in_its_playlists_has_no_rules() {
    let model = sample().model(2);
    let seeds = Seeds::new([model.catalog().find("Alone")]);
    assert!(!seeds.is_empty());
    assert!(model.recommend(&seeds, 10, &mut Scratch::default()).is_empty());
}

#[test]
fn the_strongest_rules_come_with_their_counts() {
    let model = sample().model(2);
    let yesterday = model.catalog().find("Beatles - Yesterday")[0];
    let rules = model.strongest(yesterday, 1);
    assert_eq!((rules[0].support, rules[0].antecedent_support), (3, 4));
    assert_eq!(model.catalog().title(rules[0].consequent), "Bohemian Rhapsody - Remastered 2011");
    assert!((rules[0].confidence() - 0.75).abs() < 1e-9);
    assert!((rules[0].lift() - 0.75 * 6.0 / 3.0).abs() < 1e-9);
}
