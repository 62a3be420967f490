use super::*;
use crate::ceremony::test_plan::plan_with;
use crate::ceremony::{
    ApprovalStatement, CeremonyKind, CeremonyPlan, Decision, PlannedPerson, Role, SshSignature,
};
use crate::values::UnixTime;

fn plan(kind: CeremonyKind, signer: &StandInSigner) -> CeremonyPlan {
    let person = PlannedPerson {
        name: "A".to_owned(),
        roles: vec![Role::Approver],
        key: signer.key().line(),
        require: Vec::new(),
    };
    CeremonyPlan {
        kind,
        ..plan_with(vec![person])
    }
}

fn approval(kind: CeremonyKind, signer: &StandInSigner) -> UnsignedStatement {
    let identity = plan(kind, signer).identity().unwrap();
    let statement = ApprovalStatement::new(
        &identity,
        "A",
        signer.key(),
        UnixTime(1_796_114_400),
        &Decision::Approve,
    );
    UnsignedStatement::of(&statement.unwrap(), &identity).unwrap()
}

#[test]
fn a_stand_in_key_signs_for_a_practice_only() {
    let signer = StandInSigner::generate().unwrap();
    let practice = approval(CeremonyKind::Practice, &signer);
    let armoured = signer.sign(&practice).unwrap();
    let namespace = "ceremony-practice-approval@hsm-ca";
    let verified = SshSignature::verify(&armoured, namespace, practice.bytes()).unwrap();
    assert_eq!(verified.key(), signer.key());
    assert!(SshSignature::verify(&armoured, "ceremony-approval@hsm-ca", practice.bytes()).is_err());

    let real = approval(CeremonyKind::Production, &signer);
    let namespace = "ceremony-approval@hsm-ca";
    assert_eq!(
        signer.sign(&real),
        Err(StandInSignerError::NotAPractice { namespace })
    );
}

#[test]
fn no_private_key_is_shown_and_none_is_used_twice() {
    let signer = StandInSigner::generate().unwrap();
    let shown = format!("{signer:?}");
    assert!(shown.contains(&signer.key().fingerprint()), "{shown}");
    assert!(!shown.to_lowercase().contains("pair"), "{shown}");
    assert_ne!(signer.key(), StandInSigner::generate().unwrap().key());
}
