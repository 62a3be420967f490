//! The table's part about what people say in a ceremony.

use hsm_ca::ceremony::{StatementError, StatementFileError};
use hsm_ca::file_trust::TrustError;
use hsm_ca::workflow::{PeopleError, SshKeygenError};

use super::row::Row;
use super::run_table::{DAMAGED, explain_transcript};
use super::{FAILED, REFUSED, USAGE};

pub(super) fn explain_people(error: &PeopleError) -> Row {
    match error {
        PeopleError::NoCeremony { .. } => (
            "no-ceremony",
            USAGE,
            Some("`hsm-ca ceremony plan FILE --out DIR` makes the directory"),
        ),
        PeopleError::Trust { cause } => explain_trust(cause),
        PeopleError::Plan { .. } => (
            "ceremony-plan",
            REFUSED,
            Some("the plan is not as `ceremony plan` wrote it: find out who changed it"),
        ),
        PeopleError::Previous { .. } => ("ceremony-previous", REFUSED, None),
        PeopleError::Transcript(error) => explain_transcript(error),
        PeopleError::Event { .. } => DAMAGED,
        PeopleError::StatementFile(StatementFileError::OtherFile { .. }) => (
            "ceremony-statement",
            REFUSED,
            Some("move it to another directory: only statements and their signatures belong in this one"),
        ),
        PeopleError::Statement {
            cause: StatementError::OtherPlan { .. },
            ..
        } => (
            "ceremony-statement",
            REFUSED,
            Some(
                "either the plan or this statement was changed: compare the plan's 24 words (`hsm-ca ceremony show DIR`) with those that the approvers have, and remove nothing until you know which",
            ),
        ),
        PeopleError::Statement {
            cause: StatementError::NotShown { .. },
            ..
        } => (
            "ceremony-statement",
            REFUSED,
            Some(
                "the signature is of this person's key. Ask them: if they signed, move the statement and its signature to another directory, and they sign the same again, with touch or PIN as the plan requires. If they did not, keep a copy, and find out who has the key",
            ),
        ),
        PeopleError::StatementFile(_) | PeopleError::Statement { .. } => (
            "ceremony-statement",
            REFUSED,
            Some(
                "keep a copy of the file. Ask the person whom it names whether they approved or rejected, and put a sound copy in its place. Remove nothing until you know: it may be a rejection",
            ),
        ),
        PeopleError::Saying { .. } | PeopleError::Text { .. } => ("ceremony-text", USAGE, None),
        PeopleError::UnknownKey { .. } => (
            "ceremony-key",
            REFUSED,
            Some("`ssh-keygen -l -f FILE.pub` prints the fingerprint of a key; the plan names the keys"),
        ),
        PeopleError::AlreadySigned { .. } => ("already-signed", REFUSED, None),
        PeopleError::Unsound { .. } => (
            "ceremony-statement",
            REFUSED,
            Some(
                "keep a copy, move the statement and its signature (NAME.json and NAME.json.sig) to another directory, and run the same command again: the person signs again",
            ),
        ),
        PeopleError::OtherStatement { .. } => (
            "other-statement",
            REFUSED,
            Some("read it; if nobody is going to sign it, remove it and try again"),
        ),
        PeopleError::InTheWay { .. } => (
            "other-statement",
            REFUSED,
            Some(
                "move it out of run/gates, with its signature, and try again: the same statement is written then",
            ),
        ),
        PeopleError::SshKeygen(cause) => explain_ssh_keygen(cause),
        PeopleError::Signature { .. } => ("ceremony-signature", REFUSED, None),
        PeopleError::NotApproved { .. } => (
            "not-approved",
            REFUSED,
            Some("`hsm-ca ceremony approvals DIR` shows who has approved and who has not"),
        ),
        PeopleError::Rejected { .. } => (
            "rejected",
            REFUSED,
            Some("settle the reason, and plan again: a rejected plan never runs"),
        ),
        PeopleError::NotAnchored { .. } => (
            "quorum-not-anchored",
            REFUSED,
            Some(
                "compare it with what the approvers have on paper, then write it into hsm-ca.toml: ceremony-quorum = \"sha256:...\"",
            ),
        ),
        PeopleError::OtherQuorum { .. } => (
            "other-quorum",
            REFUSED,
            Some(
                "find out who changed the people; change the settings only after the old approvers have agreed",
            ),
        ),
        PeopleError::OtherBytes { .. } => (
            "ceremony-bytes",
            REFUSED,
            Some(
                "tell the people in the room, and compare the directory with another copy: its plan or its transcript was changed",
            ),
        ),
        PeopleError::RunBegun { .. } => (
            "ceremony-state",
            REFUSED,
            Some("at the next gate, `ceremony run` says in the first terminal when to run this command"),
        ),
        PeopleError::GateGone { .. }
        | PeopleError::NotBegun
        | PeopleError::NotEnded
        | PeopleError::NotAsPlanned { .. }
        | PeopleError::Ended { .. } => ("ceremony-state", REFUSED, None),
        PeopleError::ClockBehind { .. } => (
            "clock",
            REFUSED,
            Some(
                "set the clock (timedatectl); if it is right already, --clock-is-right continues, and the transcript records that",
            ),
        ),
        PeopleError::UnknownName { .. } => (
            "ceremony-name",
            USAGE,
            Some("write the name as plan.txt has it, or leave --by out"),
        ),
        _ => ("ceremony", REFUSED, None),
    }
}

fn explain_trust(cause: &TrustError) -> Row {
    match cause {
        TrustError::Io { .. } => ("unreadable-file", USAGE, None),
        TrustError::OpenToOthers { .. } if !cause.is_about_shared_directory() => (
            "untrusted-file",
            USAGE,
            Some("check what is in it, then remove the other users' permission: chmod go-w"),
        ),
        _ => (
            "untrusted-file",
            USAGE,
            Some("put the ceremony where only you and root can write; chown it, or copy it"),
        ),
    }
}

fn explain_ssh_keygen(cause: &SshKeygenError) -> Row {
    match cause {
        SshKeygenError::Missing => (
            "no-ssh-keygen",
            FAILED,
            Some("install it (openssh-client), or use --write-statement and sign on a machine that has it"),
        ),
        SshKeygenError::Untrusted { .. } => (
            "untrusted-file",
            USAGE,
            Some("put ssh-keygen where only its owner and root can write"),
        ),
        SshKeygenError::Directory { .. } => (
            "untrusted-file",
            USAGE,
            Some("set TMPDIR to a directory that only you and root can write to"),
        ),
        SshKeygenError::Failed { .. } => (
            "ssh-keygen-failed",
            FAILED,
            Some(
                "the private key must be beside FILE.pub or in the agent; its passphrase or PIN may be wrong",
            ),
        ),
        _ => ("ssh-keygen-failed", FAILED, None),
    }
}
