//! Reports with strange names, of an aborted ceremony, and of one that is not verified.

mod keys;

use super::super::test_plan::{strange_plan, test_plan};
use super::*;
use crate::ceremony::{TrailSignature, rules};

fn render(end: TrailEnd, findings: &[Finding]) -> String {
    render_of(end, findings, "CN=<script>root</script>", "CN=\"Sub\"")
}

fn render_of(end: TrailEnd, findings: &[Finding], issuer: &str, subject: &str) -> String {
    let plan = strange_plan();
    let hash = plan.identity().unwrap().hash;
    let transcript = Transcript::new(hash);
    let trail = Trail {
        end,
        ..Trail::default()
    };
    let content = ReportContent {
        plan: &plan,
        hash,
        transcript: &transcript,
        trail: &trail,
        findings,
        approved_by: &[],
        attested: vec![ReportedAttestation {
            person: plan.people.persons[0].name.clone(),
            as_planned: false,
            said: "<script>remark</script>".to_owned(),
        }],
        made: vec![ReportedObject {
            step: "root".to_owned(),
            out: "root.crt".to_owned(),
            lines: vec!["subject: <script>name</script>\u{202e}".to_owned()],
            sha256: hash,
            issuer: issuer.to_owned(),
            subject: Some(subject.to_owned()),
            key: None,
            is_subordinate: true,
            next_update: None,
        }],
        unlisted: &[UnlistedRevocation {
            step: "i1".to_owned(),
            serial: "0a".to_owned(),
            issuer: "CN=<script>root</script>".to_owned(),
            authority: "out/root.crt".to_owned(),
            lists: vec!["root.crl".to_owned(), "late.crl".to_owned()],
            decided_at: Some(UnixTime(86_400)),
        }],
    };
    report_page(&content, PaperSize::A4).unwrap().text().to_owned()
}

#[test]
fn nothing_of_a_name_is_markup_and_nothing_is_loaded() {
    let closed = TrailEnd::Closed {
        line: 1,
        out: Default::default(),
    };
    let text = render(closed, &[]);
    assert!(!text.contains("<script") && !text.contains('\u{202e}'), "{text}");
    assert!(text.contains("&lt;script&gt;name&lt;/script&gt;"));
    for loads in ["src=", "href=", "url(", "@import"] {
        assert!(!text.contains(loads), "{loads}");
    }
    assert!(text.contains("<svg") && text.contains("Verified when"));
    assert!(text.contains("<td>&lt;script&gt;remark&lt;/script&gt;</td>"));
    assert!(text.contains("Attested that it did not go as planned: "));
}

#[test]
fn the_report_ends_with_what_is_due_and_signed_and_a_root_alone_has_its_own_caption() {
    let text = render_of(TrailEnd::Open, &[], "CN=Root", "CN=Root");
    let heads = ["Time line", "Evidence for auditors", "Deadlines", "Signatures"];
    let places = heads.map(|head| text.find(&format!("<h2>{head}</h2>")).unwrap());
    assert!(places.is_sorted(), "{places:?}");
    let (alone, line) = ("It signed its own certificate", "A line leads from an issuer");
    assert!(text.contains(alone) && !text.contains(line));
    let text = render(TrailEnd::Open, &[]);
    assert!(text.contains(line) && !text.contains(alone));
    // A CRL that lists a number that was replaced is due a day after people replaced it.
    let (_, deadlines) = text.split_once("<h2>Deadlines</h2>").unwrap();
    for part in [
        "1970-01-03T00:00:00Z",
        "issue another CRL of CN=&lt;script&gt;root&lt;/script&gt; that lists certificate 0a",
        "root.crl and late.crl do not list it. CA/B BR 4.9.7",
    ] {
        assert!(deadlines.contains(part), "{part}: {deadlines}");
    }
}

/// A root and the CA that sends its request, with and without the root's CRL.
#[test]
fn the_first_crl_of_a_new_ca_is_due_a_day_after_its_first_certificate() {
    const DAY: u64 = 86_400;
    let mut plan = test_plan();
    let hash = plan.identity().unwrap().hash;
    let object = |step: &str, out: &str, subject: Option<&str>| ReportedObject {
        step: step.to_owned(),
        out: out.to_owned(),
        lines: Vec::new(),
        sha256: hash,
        issuer: "CN=Root".to_owned(),
        subject: subject.map(str::to_owned),
        key: None,
        is_subordinate: step == "i1",
        next_update: None,
    };
    let signed = |step: &str, time: u64| TrailSignature {
        line: 1,
        time: UnixTime(time),
        session: "main".to_owned(),
        step: step.to_owned(),
        key: if step == "x1" { "legacy-root" } else { "k" }.to_owned(),
        sha256: hash,
        entry: 7,
        spare: false,
        signature: None,
    };
    let trail = Trail {
        signatures: vec![
            signed("root", DAY),
            signed("i1", DAY + 1),
            signed("x1", DAY + 2),
            signed("crl1", DAY + 3),
        ],
        ..Trail::default()
    };
    let transcript = Transcript::new(hash);
    let rows = |plan: &CeremonyPlan, has_list: bool| {
        let mut made = vec![
            object("root", "r1.crt", Some("CN=Root")),
            object("i1", "i1.crt", Some("CN=Issuing")),
            object("x1", "r1-x.crt", Some("CN=Root")),
        ];
        made.extend(has_list.then(|| object("crl1", "r1.crl", None)));
        let content = ReportContent {
            plan,
            hash,
            transcript: &transcript,
            trail: &trail,
            findings: &[],
            approved_by: &[],
            attested: Vec::new(),
            made,
            unlisted: &[],
        };
        let rows = deadlines::deadlines(&content).into_iter();
        let rows = rows.filter(|[_, _, why]| why.contains("BR 4.9.7: within 24 hours of its first"));
        rows.map(|[by, what, _]| (by, what)).collect::<Vec<_>>()
    };
    let due = |what: &str| ("1970-01-03T00:00:00Z".to_owned(), what.to_owned());
    let issuing = (
        "a day after its first certificate".to_owned(),
        "issue and publish the first CRL of CN=Issuing, if it is a new CA".to_owned(),
    );
    let made = due("publish r1.crl, the first CRL of CN=Root");
    let missing = due("issue and publish the first CRL of CN=Root: this ceremony made none");
    assert_eq!(rows(&plan, true), [made, issuing.clone()]);
    assert_eq!(rows(&plan, false), [missing, issuing.clone()]);
    // A renewed root has its CRLs already.
    plan.waived[0].rule = "second-certificate".to_owned();
    plan.waived[0].step = "root".to_owned();
    assert_eq!(rows(&plan, true), [issuing]);
}

#[test]
fn an_aborted_ceremony_and_one_that_is_not_verified_say_so_on_every_sheet() {
    let aborted = TrailEnd::Aborted {
        because: "the safe did not open".to_owned(),
        by: "A".to_owned(),
    };
    let text = render(aborted, &[]);
    assert!(
        text.contains("<div class=\"watermark\"><span>ABORTED</span>"),
        "{text}"
    );
    assert!(text.contains("the safe did not open") && !text.contains("Verified when"));
    let finding = Finding::in_file("out/root.crt", rules::OUT, "another SHA-256");
    let aborted = TrailEnd::Aborted {
        because: "the safe did not open".to_owned(),
        by: "A".to_owned(),
    };
    assert!(render(aborted, std::slice::from_ref(&finding)).contains("another SHA-256"));
    let text = render(TrailEnd::Open, &[finding]);
    assert!(text.contains("NOT VERIFIED") && text.contains("another SHA-256"));
    assert!(!text.contains("Verified when"));
}
