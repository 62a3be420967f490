//! `token bench`: its counts, its refusals, and that nothing stays on the token.

use std::fs;

use serde_json::Value;

use crate::harness::{Rig, Run, TokenKind, on_each};

const P256: [&str; 9] = [
    "--format",
    "json",
    "token",
    "bench",
    "--type",
    "ec:p256",
    "--seconds",
    "1",
    "--sessions",
];

fn p256(sessions: &str) -> Vec<&str> {
    [&P256[..], &[sessions]].concat()
}

fn points(run: &Run) -> Vec<Value> {
    run.json()["points"].as_array().expect("points").clone()
}

fn number(point: &Value, field: &str) -> f64 {
    let value = field.split('/').fold(point, |value, name| &value[name]);
    value.as_f64().unwrap_or_else(|| panic!("{field} in {point}"))
}

fn sessions(points: &[Value]) -> Vec<u64> {
    points
        .iter()
        .map(|point| point["sessions"].as_u64().expect("a number"))
        .collect()
}

/// The numbers of a point are consistent.
fn assert_consistent(points: &[Value]) {
    for point in points {
        let (made, elapsed) = (number(point, "signatures"), number(point, "elapsed_ms"));
        assert!(made >= 1.0 && elapsed >= 1000.0, "{point}");
        let rate = number(point, "per_second");
        assert!((rate - made * 1000.0 / elapsed).abs() < rate / 1000.0, "{point}");
        let times = ["min", "p50", "p90", "p99", "p99.9", "max"];
        let times = times.map(|name| number(point, &format!("latency_ms/{name}")));
        assert!(times.is_sorted() && times[0] > 0.0, "{point}");
        // All sessions together cannot have signed longer than the point took.
        let most = number(point, "sessions") * elapsed;
        assert!(made * times[0] <= most && times[5] <= elapsed * 1.01, "{point}");
    }
}

#[test]
fn every_token_is_measured_and_keeps_nothing() {
    on_each(&TokenKind::ALL, |kind| {
        let rig = Rig::of(kind);
        if kind == TokenKind::Tpm2 {
            // It has no session objects, so an existing key is measured.
            let run = rig.command(&p256("2"));
            // The module writes to stderr too.
            let told = ["nothing-measured", "CKR_ATTRIBUTE_VALUE_INVALID"];
            assert!(told.iter().all(|word| run.stderr.contains(word)), "{run:?}");
            assert_eq!(run.code, Some(3), "{run:?}");
            rig.assert_token_is_empty();
            rig.command(&["key", "generate", "--label", "ca", "--type", "ec:p256"])
                .ok();
            let objects = rig.objects();
            let run = rig.command(&[
                "--format",
                "json",
                "token",
                "bench",
                "--key",
                "ca",
                "--sessions",
                "2",
                "--seconds",
                "1",
            ]);
            assert_consistent(&points(&run.ok()));
            assert_eq!(rig.objects(), objects);
            return;
        }
        let run = rig.command(&p256("2")).ok();
        assert_eq!(run.json()["session_keys"], true);
        let points = points(&run);
        assert_eq!(sessions(&points), [1, 2], "{kind:?}");
        assert_consistent(&points);
        rig.assert_token_is_empty();
    });
}

#[test]
fn one_login_and_a_session_for_each_thread() {
    let rig = Rig::of(TokenKind::SoftHsm);
    let run = rig.command_with_rule(&p256("3"), &[]).ok();
    let points = points(&run);
    assert_eq!(sessions(&points), [1, 2, 3]);
    let counts = ["C_Login", "C_OpenSession", "C_GenerateKeyPair"].map(|call| rig.count(call));
    assert_eq!(counts, [1, 3, 1]);
    let counted: u64 = points
        .iter()
        .filter_map(|point| point["signatures"].as_u64())
        .sum();
    let signed = rig.count("C_Sign");
    // The rest is the warm-up, which is shorter.
    assert!(
        u64::try_from(signed).expect("a number") > counted,
        "{signed} {counted}"
    );
    assert!(
        u64::try_from(signed).expect("a number") < 2 * counted,
        "{signed} {counted}"
    );
    assert_eq!(rig.count("C_DestroyObject"), 2);
}

/// YubiHSM 2 has 16 sessions, including that of the login.
#[test]
fn a_token_with_sixteen_sessions_uses_and_reports_all_of_them() {
    let rig = Rig::of(TokenKind::SoftHsm);
    let two = ["--type", "ed25519"];
    let run = rig
        .command_with_rule(&[&p256("64")[..], &two].concat(), &[("SESSIONS", "16")])
        .ok();
    let points = points(&run);
    assert_eq!(sessions(&points), [1, 2, 4, 8, 16, 1, 2, 4, 8, 16]);
    assert_consistent(&points);
    let json = run.json();
    let told = json["fewer_sessions"].as_str().expect("why");
    assert!(told.contains("16"), "{told}");
    assert!(json["warnings"][0].as_str().expect("a warning").contains(told));
    // Neither tried to open the seventeenth.
    assert_eq!(rig.count("C_OpenSession"), 1 + 15 + 15);

    // Another program uses all but one; and a token that reports its limit only at C_OpenSession.
    for rule in [("SESSIONS", "1"), ("FAIL", "C_OpenSession:CKR_SESSION_COUNT@2")] {
        let run = rig.command_with_rule(&p256("4"), &[rule]).ok();
        assert_eq!(sessions(&self::points(&run)), [1]);
    }
    let run = rig.command_with_rule(&p256("4"), &[("CORRUPT", "no-locks")]).ok();
    assert_eq!(sessions(&self::points(&run)), [1]);
}

#[test]
fn a_remote_token_answers_sessions_in_parallel() {
    let rig = Rig::of(TokenKind::SoftHsm);
    let slow = [("LATENCY_MS", "20"), ("LATENCY_CALLS", "C_Sign")];
    let points = points(&rig.command_with_rule(&p256("8"), &slow).ok());
    assert_consistent(&points);
    let rates: Vec<_> = points.iter().map(|point| number(point, "per_second")).collect();
    for (sessions, rate) in [1.0, 2.0, 4.0, 8.0].into_iter().zip(&rates) {
        assert!(*rate <= sessions * 50.0, "{rates:?}");
    }
    assert!(rates[3] > 4.0 * rates[0], "{rates:?}");
    assert!(points.iter().all(|point| number(point, "latency_ms/p50") >= 20.0));
}

#[test]
fn a_killed_run_leaves_nothing() {
    for (kind, moment) in [
        (TokenKind::SoftHsm, "C_Sign!@40"),
        (TokenKind::SoftHsm, "C_GenerateKeyPair!"),
        (TokenKind::Kryoptic, "C_Sign!@40"),
        (TokenKind::CloudHsm, "C_Sign!@40"),
    ] {
        let rig = Rig::of(kind);
        let run = rig.command_with_rule(&p256("4"), &[("KILL", moment)]);
        assert_eq!(run.code, None, "{kind:?} {moment}: {run:?}");
        rig.assert_token_is_empty();
    }
}

/// A cluster with one HSM makes and uses only session keys.
#[test]
fn a_cluster_of_one_hsm_is_measured_and_a_busy_one_is_counted() {
    let rig = Rig::of(TokenKind::CloudHsm);
    rig.command_with_rule(&p256("2"), &[("HSMS", "1")]).ok();

    let busy = [("THROTTLE", "1/5"), ("THROTTLE_CALLS", "C_Sign")];
    let run = rig.command_with_rule(&p256("2"), &busy).ok();
    let points = points(&run);
    assert_consistent(&points);
    for point in &points {
        let (busy, made) = (number(point, "busy"), number(point, "signatures"));
        assert!((made / busy - 4.0).abs() < 1.0, "{point}");
    }
    let warning = run.json()["warnings"][0].to_string();
    assert!(warning.contains("busy"), "{warning}");

    let always = [("THROTTLE", "1/1"), ("THROTTLE_CALLS", "C_Sign")];
    let message = rig.command_with_rule(&p256("2"), &always).refused(4, "token");
    assert!(message.contains("CKR_FUNCTION_FAILED"), "{message}");
    rig.assert_token_is_empty();
}

#[test]
fn a_wrong_signature_and_a_failing_token_end_it() {
    let rig = Rig::of(TokenKind::SoftHsm);
    let message = rig
        .command_with_rule(&p256("2"), &[("CORRUPT", "sign")])
        .refused(3, "bad-signature");
    assert!(message.contains("do not verify"), "{message}");
    // SoftHSM is never busy, so an error there is a failure.
    rig.command_with_rule(&p256("4"), &[("FAIL", "C_Sign:CKR_FUNCTION_FAILED@30")])
        .refused(4, "token");
    rig.command_with_rule(&p256("4"), &[("FAIL", "C_OpenSession:CKR_DEVICE_ERROR@3")])
        .refused(4, "token");
    assert_eq!(rig.count("C_Sign"), 0);
    // The error is not about the template, so no mechanism is skipped.
    let all = ["--format", "json", "token", "bench"];
    rig.command_with_rule(&all, &[("FAIL", "C_GenerateKeyPair:CKR_DEVICE_ERROR")])
        .refused(4, "token");
    assert_eq!(rig.count("C_GenerateKeyPair"), 1);
    rig.command_with_rule(&p256("1"), &[("FAIL", "C_DestroyObject:CKR_DEVICE_ERROR@*")])
        .refused(4, "token");
    rig.assert_token_is_empty();
}

#[test]
fn a_token_that_keeps_session_keys_is_refused_and_they_are_destroyed() {
    let rig = Rig::of(TokenKind::SoftHsm);
    let keeps = [("ODD", "keeps-session-keys")];
    let message = rig
        .command_with_rule(&p256("1"), &keeps)
        .refused(3, "cannot-generate");
    assert!(
        message.contains("CKA_TOKEN") && message.contains("destroyed"),
        "{message}"
    );
    rig.assert_token_is_empty();
    assert_eq!(rig.count("C_Sign"), 0);

    let all = ["--format", "json", "token", "bench", "--seconds", "1"];
    rig.command_with_rule(&all, &keeps).refused(3, "nothing-measured");
    rig.assert_token_is_empty();

    // If they cannot be destroyed either, the command reports that and stops.
    let stays = [keeps[0], ("FAIL", "C_DestroyObject:CKR_FUNCTION_FAILED@*")];
    let message = rig.command_with_rule(&all, &stays).refused(4, "token");
    assert!(message.contains("WHICH IS STILL ON THE TOKEN"), "{message}");
    assert_eq!(rig.count("C_GenerateKeyPair"), 1);
}

#[test]
fn a_key_on_the_token_is_measured_only_by_name_and_stays_as_it_is() {
    let rig = Rig::of(TokenKind::SoftHsm);
    rig.command(&["key", "generate", "--label", "ca", "--type", "rsa:2048"])
        .ok();
    let before = rig.objects();
    let existing = [
        "--format",
        "json",
        "token",
        "bench",
        "--seconds",
        "1",
        "--sessions",
        "2",
        "--key",
        "ca",
    ];
    let run = rig.command_with_rule(&existing, &[]).ok();
    let points = points(&run);
    assert_eq!(run.json()["session_keys"], false);
    assert_consistent(&points);
    let mechanisms: Vec<_> = points
        .iter()
        .map(|point| point["mechanism"].as_str().expect("text"))
        .collect();
    assert_eq!(
        mechanisms,
        [
            "CKM_RSA_PKCS",
            "CKM_RSA_PKCS",
            "CKM_RSA_PKCS_PSS",
            "CKM_RSA_PKCS_PSS"
        ]
    );
    for call in [
        "C_GenerateKeyPair",
        "C_CreateObject",
        "C_DestroyObject",
        "C_SetAttributeValue",
    ] {
        assert_eq!(rig.count(call), 0, "{call}");
    }
    assert_eq!(rig.objects(), before);
    let other = ["--format", "json", "token", "bench", "--key", "other"];
    rig.command(&other).refused(4, "no-key");
    let both = [
        "--format", "json", "token", "bench", "--key", "ca", "--type", "ec:p256",
    ];
    rig.command(&both).refused(2, "usage");
}

#[test]
fn the_table_fits_a_terminal_and_the_plot_has_every_point() {
    let rig = Rig::of(TokenKind::SoftHsm);
    let two = [
        "token",
        "bench",
        "--type",
        "ec:p256",
        "--type",
        "rsa:2048",
        "--seconds",
        "1",
        "--sessions",
        "2",
        "--plot",
        "rates.svg",
    ];
    let run = rig.command(&two).ok();
    assert!(
        run.stdout.lines().all(|line| line.chars().count() <= 80),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("RSA 2048") && run.stdout.contains('#'),
        "{}",
        run.stdout
    );
    // An independent parser.
    let count = "import sys, xml.etree.ElementTree as t; s = '{http://www.w3.org/2000/svg}'; \
                 r = t.parse('rates.svg').getroot(); \
                 print(r.tag == s + 'svg', len(r.findall(s + 'polyline')), len(r.findall(s + 'circle')))";
    assert_eq!(rig.tool("python3", &["-c", count]).ok().stdout, "True 3 6\n");

    // Nothing is measured for a file that cannot be written.
    let drawn = rig.read("rates.svg");
    let again = [&["--format", "json"][..], &two].concat();
    rig.command_with_rule(&again, &[]).refused(2, "output-exists");
    assert_eq!(rig.count("C_Sign"), 0);
    assert_eq!(rig.read("rates.svg"), drawn);
    fs::remove_file(rig.path("rates.svg")).expect("it was there");
    let wrong = [&again[..], &["--sessions", "0"]].concat();
    rig.command(&wrong).refused(2, "usage");
}

#[test]
fn the_whole_issuing_path_is_measured_and_leaves_nothing() {
    let rig = Rig::of(TokenKind::SoftHsm);
    let directory = rig.path("measured");
    fs::create_dir(&directory).expect("a directory");
    let arguments = [&p256("2")[..], &["--issue", "40"]].concat();
    let run = Run::of(rig.prepare(&arguments).env("TMPDIR", &directory)).ok();
    let issuing = run.json()["issuing"][0].clone();
    assert_eq!(issuing["certificates"], 40);
    assert_eq!(issuing["sessions"], 2);
    let rate = number(&issuing, "per_second");
    assert!((rate - 40_000.0 / number(&issuing, "elapsed_ms")).abs() < rate / 1000.0);
    let times: Vec<_> = ["min", "p50", "p90", "p99", "p99.9", "max"]
        .map(|name| number(&issuing["latency_ms"], name))
        .into();
    assert!(times.is_sorted() && times[0] > 0.0, "{times:?}");
    assert!(times[5] <= number(&issuing, "elapsed_ms"), "{times:?}");
    let raw = points(&run)
        .into_iter()
        .find(|point| point["sessions"] == 2)
        .expect("two sessions");
    let part = rate / number(&raw, "per_second");
    assert!((number(&issuing, "of_signatures") - part).abs() < part / 1000.0);

    assert_eq!(fs::read_dir(&directory).expect("it is there").count(), 0);
    rig.assert_token_is_empty();
    let run = rig.command(&["token", "bench", "--key", "ca", "--issue", "1"]);
    assert_eq!(run.code, Some(2), "{run:?}");
}
