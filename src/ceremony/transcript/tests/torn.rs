//! A last line that was not written to its end.

use super::*;

#[test]
fn a_torn_last_line_is_distinguished_from_other_damage() {
    let (good, _) = small();
    let ends = ends(&good);
    for length in ends[2] + 1..good.len() {
        for zeros in [0, 1, 512] {
            let bytes = [&good[..length], &vec![0; zeros]].concat();
            let error = Transcript::read(&bytes, plan()).unwrap_err();
            let TranscriptError::Torn(torn) = error else {
                panic!("{length}: {error}");
            };
            assert_eq!((torn.at, torn.bytes.as_slice()), (ends[2], &bytes[ends[2]..]));
            assert_eq!(torn.before, Transcript::read(&good[..ends[2]], plan()).unwrap());
        }
    }
    // Torn inside a two-octet character.
    let cut = ends[0] + good[ends[0]..].iter().position(|byte| *byte == 0xc3).unwrap() + 1;
    assert!(matches!(
        Transcript::read(&good[..cut], plan()),
        Err(TranscriptError::Torn(_))
    ));
    let whole = &good[..good.len() - 1];
    for damaged in [
        [whole, b" "].concat(),
        [whole, b"\r"].concat(),
        [whole, b"}"].concat(),
        [whole, b"{"].concat(),
        [&good[..], b"x"].concat(),
        [&good[..], b"[1,"].concat(),
        [&good[..], b"{ "].concat(),
        [&good[..], b"{\"a\":tru3"].concat(),
        [&good[..], b"{\"a\":\"\xff"].concat(),
        [&good[..], b"\n"].concat(),
        [&good[..], b"{\"n\":5\n"].concat(),
        // A complete line from another place, without its newline.
        [&good[..], &good[..ends[0] - 1]].concat(),
    ] {
        let error = Transcript::read(&damaged, plan()).unwrap_err();
        assert!(
            !matches!(error, TranscriptError::Torn(_)),
            "{error}: {:?}",
            String::from_utf8_lossy(&damaged)
        );
    }
}

/// The line is kept, removed and recorded, whenever the program stops in between.
#[test]
fn a_torn_line_is_recorded_even_if_the_program_stops_after_the_cut() {
    let (good, _) = small();
    let (directory, path) = path();
    let torn_bytes = &good[..good.len() - 20];
    fs::write(&path, torn_bytes).unwrap();
    let place = ends(&good)[2];
    let copy = directory.path().join(format!("torn-{place}"));
    assert!(matches!(
        TranscriptFile::open(&path, plan()),
        Err(TranscriptError::Torn(_))
    ));
    // Opening does not change the file.
    assert_eq!(fs::read(&path).unwrap(), torn_bytes);
    // The program stops after the copy and before the cut, and again after the cut.
    fs::write(&copy, &torn_bytes[place..]).unwrap();
    for _ in 0..2 {
        let file = TranscriptFile::resume(&path, plan()).unwrap();
        assert_eq!(file.transcript().head().n, 3);
        assert_eq!(fs::read(&path).unwrap(), &good[..place]);
        assert_eq!(fs::read(&copy).unwrap(), &torn_bytes[place..]);
        let [deviation] = &file.torn_deviations().unwrap()[..] else {
            panic!("one copy");
        };
        let text = json!(deviation)["text"].to_string();
        assert!(text.contains(&format!("run/torn-{place} ")), "{text}");
    }
    // The line that should record it is torn, too.
    let begun = [&good[..place], b"{\"by\":\"h"].concat();
    fs::write(&path, begun).unwrap();
    let mut file = TranscriptFile::resume(&path, plan()).unwrap();
    let second = directory.path().join(format!("torn-{place}-2"));
    assert_eq!(fs::read(&second).unwrap(), b"{\"by\":\"h");
    let deviations = file.torn_deviations().unwrap();
    assert_eq!(deviations.len(), 2);
    // The name of the second copy is not that of the first.
    file.append(NOW, &deviations[1]).unwrap();
    assert_eq!(file.torn_deviations().unwrap(), deviations[..1]);
    let head = file.append(NOW, &deviations[0]).unwrap();
    assert_eq!(file.torn_deviations().unwrap(), []);
    drop(file);
    let file = TranscriptFile::resume(&path, plan()).unwrap();
    assert_eq!((file.transcript().head(), head.n), (head, 5));
}

/// No program writes after the end of a ceremony, so this is damage.
#[test]
fn nothing_is_cut_off_after_the_end_of_a_ceremony() {
    let (directory, path) = path();
    let mut file = TranscriptFile::resume(&path, plan()).unwrap();
    let aborted = json!({"what": "aborted", "because": "fire", "by": "A"});
    file.append(NOW, &aborted).unwrap();
    drop(file);
    let bytes = [&fs::read(&path).unwrap()[..], b"{\"by\""].concat();
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(
        TranscriptFile::resume(&path, plan()),
        Err(TranscriptError::Torn(_))
    ));
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}
