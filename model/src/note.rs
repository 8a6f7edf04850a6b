//! What titles say beside the title: which edition or recording of a song a track is.

use crate::fold::fold;

/// The title without the notes at its end that say which edition of one recording this is, or who is
/// a guest on it: ` - Remastered 2011`, ` - Radio Edit`, `(feat. ...)`, `[From "..."]`.
///
/// What names another recording stays: live, acoustic and instrumental versions, remixes, covers.
pub(crate) fn base_title(title: &str) -> &str {
    base_of_trimmed(title.trim())
}

/// The same for a title without spaces around it.
pub(crate) fn base_of_trimmed(title: &str) -> &str {
    if !may_hold_note(title.as_bytes()) {
        return title;
    }
    let mut base = title;
    while let Some(shorter) = without_note(base) {
        base = shorter;
    }
    base
}

/// Whether something in the title may begin or end a note. In most nothing does, which is soon seen where
/// many letters are looked at together.
fn may_hold_note(title: &[u8]) -> bool {
    let begins_guest = |(&space, &letter): (&u8, &u8)| (space == b' ') & (letter | 0x20 == b'f');
    let pairs = title.iter().zip(title.get(1..).unwrap_or_default());
    matches!(title, [.., b')' | b']'])
        || pairs.fold(false, |may, pair| may | (*pair.1 == b'-') | begins_guest(pair))
}

/// The title without the notes at its end that say which recording this is, either: what stays of
/// `Layla - Acoustic`, `Levels - Kygo Remix` and `Layla (Live at Home)` is the song they are all of.
pub(crate) fn work_title(title: &str) -> &str {
    let mut work = base_title(title);
    while let Some(shorter) = without(work, is_recording_note) {
        work = base_title(shorter);
    }
    work
}

/// The title without its last note, if that is one on the edition and something stays before it.
fn without_note(title: &str) -> Option<&str> {
    without(title, is_edition_note).or_else(|| {
        let (head, guest) = guest_without_brackets(title)?;
        head_of(head, is_edition_note(guest))
    })
}

/// The title without its last note, in brackets or after a dash, if that `is_note` and something stays.
fn without(title: &str, is_note: impl Fn(&str) -> bool) -> Option<&str> {
    let (head, note) = match title.chars().next_back()? {
        ')' => title[..title.len() - 1].rsplit_once('(')?,
        ']' => title[..title.len() - 1].rsplit_once('[')?,
        // Most titles hold no hyphen, which is seen sooner than that they don't hold it between spaces.
        _ => title.contains('-').then(|| title.rsplit_once(" - ")).flatten()?,
    };
    head_of(head, is_note(note))
}

fn head_of(head: &str, is_note: bool) -> Option<&str> {
    let head = head.trim_end_matches([' ', '-', '–']);
    (is_note && head.contains(char::is_alphanumeric)).then_some(head)
}

/// Whether a note names another recording of the song. `Live` counts where it begins the note: elsewhere
/// it is a word like others.
fn is_recording_note(note: &str) -> bool {
    const WORDS: [&str; 22] = [
        "acappella",
        "acoustic",
        "bootleg",
        "cover",
        "demo",
        "dub",
        "edit",
        "extended",
        "flip",
        "instrumental",
        "karaoke",
        "mix",
        "orchestral",
        "remix",
        "remixed",
        "rework",
        "rmx",
        "session",
        "sessions",
        "unplugged",
        "version",
        "vip",
    ];
    let folded = fold(note);
    folded.split(' ').next() == Some("live") || folded.split(' ').any(|word| WORDS.contains(&word))
}

/// `Title feat. Guest`, split before the guest.
fn guest_without_brackets(title: &str) -> Option<(&str, &str)> {
    const MARKS: [&str; 6] = [" feat. ", " Feat. ", " ft. ", " Ft. ", " featuring ", " Featuring "];
    let spaces = title.bytes().enumerate().filter(|&(_, byte)| byte == b' ').map(|(at, _)| at);
    let follows = |at: usize| matches!(title.as_bytes().get(at + 1), Some(b'f' | b'F'));
    spaces
        .filter(|&at| follows(at))
        .find(|&at| MARKS.iter().any(|mark| title[at..].starts_with(mark)))
        .map(|at| title.split_at(at))
}

/// Whether a note says only which edition this is. The lists are made from the notes that are frequent
/// in playlists: a note of these words alone never names another recording.
fn is_edition_note(note: &str) -> bool {
    const OPENINGS: [&str; 6] = ["feat", "ft", "featuring", "with", "from", "bonus"];
    const WORDS: [&str; 33] = [
        "album",
        "anniversary",
        "bonus",
        "clean",
        "deluxe",
        "digital",
        "dirty",
        "edit",
        "edited",
        "edition",
        "ep",
        "expanded",
        "explicit",
        "lp",
        "main",
        "mono",
        "motion",
        "original",
        "picture",
        "radio",
        "release",
        "remaster",
        "remastered",
        "remasterisado",
        "single",
        "soundtrack",
        "special",
        "stereo",
        "the",
        "track",
        "us",
        "uk",
        "version",
    ];
    // `feat.Guest`: the full stop separates here. Most notes are of guests, and seen to be without
    // folding them.
    let opens = |opening: &&str| {
        let (first, rest) = note.split_at_checked(opening.len()).unwrap_or_default();
        first.eq_ignore_ascii_case(opening)
            && rest.starts_with([' ', '.'])
            && rest.contains(|letter: char| letter.is_ascii_alphanumeric())
    };
    if OPENINGS.iter().any(opens) {
        return true;
    }
    let spaced = note.replace('.', " ");
    let folded = fold(&spaced);
    let mut words = folded.split(' ');
    if words.next().is_some_and(|first| OPENINGS.contains(&first)) && folded.contains(' ') {
        return true;
    }
    if matches!(&*folded, "original mix" | "radio mix" | "explicit" | "main mix") {
        return true;
    }
    folded.split(' ').all(|word| {
        WORDS.contains(&word) || word.trim_end_matches(char::is_alphabetic).parse::<u32>().is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Titles as playlists have them: the title, its base, and the song it is of.
    #[test]
    fn real_titles_are_taken_apart() {
        let check = |title: &str, base: &str, work: &str| {
            assert_eq!((base_title(title), work_title(title)), (base, work), "{title}");
        };
        let edition = |title: &str, base: &str| check(title, base, base);
        edition("Who (feat. Young Thug)", "Who");
        edition("What If I Go? (feat. Bonzai)", "What If I Go?");
        edition("Elevator (feat. Timbaland) - Feat. Timbaland Album Version", "Elevator");
        edition("Ray Ban Vision ft. Cyhi Da Prynce", "Ray Ban Vision");
        edition("2 Legit 2 Quit - feat. Saja", "2 Legit 2 Quit");
        edition("Colombia Heights (Te Llamo) [feat. J Balvin]", "Colombia Heights (Te Llamo)");
        edition("Don't Let Me Down - Remastered", "Don't Let Me Down");
        edition("Feels Like the First Time - 2008 Remastered Version", "Feels Like the First Time");
        edition("Ten Crack Commandments - 2014 Remastered Version", "Ten Crack Commandments");
        edition("I Just Wanna Live", "I Just Wanna Live");
        edition("All My Ex's Live In Texas", "All My Ex's Live In Texas");
        edition("Runnin' (Dying To Live)", "Runnin' (Dying To Live)");
        let recording = |title: &str, work: &str| check(title, title, work);
        recording("HyperParadise - Flume Remix", "HyperParadise");
        recording("My Love Is Like...Wo - Main Mix/Album Version", "My Love Is Like...Wo");
        recording("Bank Rolls - Remix", "Bank Rolls");
        recording("I Wanna Sex You Up - Single Mix", "I Wanna Sex You Up");
        recording("Heroes (we could be) - Branchez Remix", "Heroes (we could be)");
        recording("Wavin' Flag - Coca-Cola® Celebration Mix", "Wavin' Flag");
        recording("Wake Me Up - Acoustic", "Wake Me Up");
        recording("As Long As You Love Me - Acoustic Version", "As Long As You Love Me");
        recording("No Woman, No Cry - Live At The Lyceum, London/1975", "No Woman, No Cry");
        recording("A Boy Named Sue (Live in Denmark) - Live", "A Boy Named Sue");
        recording("Say My Name (feat. Zyra) - Hermitude Remix", "Say My Name");
        recording("Remix", "Remix");
    }

    #[test]
    fn notes_on_the_edition_do_not_count_but_other_recordings_stay_apart() {
        let check =
            |title: &str, expected: &str| assert_eq!(base_title(title), expected, "{title}");
        check("Bohemian Rhapsody - Remastered 2011", "Bohemian Rhapsody");
        check("Yesterday - Remastered", "Yesterday");
        check("Here Comes The Sun - 2009 Remaster", "Here Comes The Sun");
        check("Lose Control (feat. Ciara & Fat Man Scoop)", "Lose Control");
        check("Yesterday (feat.Bebe Rexha)", "Yesterday");
        check("Uptown Funk - Feat. Bruno Mars", "Uptown Funk");
        check("Sunday feat. Somebody", "Sunday");
        check("Titanium (feat. Sia) - Radio Edit", "Titanium");
        check("Song [with Strings]", "Song");
        check("See You Again - From \"Furious 7\"", "See You Again");
        check("Levels - Original Mix", "Levels");
        check("Levels - Kygo Remix", "Levels - Kygo Remix");
        check("Layla - Acoustic", "Layla - Acoustic");
        check("Layla - Live at Home", "Layla - Live at Home");
        check("(I Can't Get No) Satisfaction - Mono Version", "(I Can't Get No) Satisfaction");
        check("Somebody That I Used To Know", "Somebody That I Used To Know");
        check("With Or Without You", "With Or Without You");
        check("1979 - Remastered 2012", "1979");
        check("Remastered", "Remastered");
        check("(feat. Nobody)", "(feat. Nobody)");
    }
}
