//! What people do in a planned ceremony: approve it, confirm bytes at a gate, attest, add notes, abort.

mod approvals;
mod error;
mod gate;
mod lost;
mod opened;
mod prepared;
mod say;
mod ssh_keygen;
mod transcript;

pub use approvals::{ApprovalFile, Approvals, WaitingApproval, count_approvals};
pub use error::PeopleError;
pub use gate::count_gate;
pub use lost::{LostStatement, find_lost_statement};
pub use opened::OpenedCeremony;
pub use prepared::{PreparedStatement, SignedFiles};
pub use say::{Saying, prepare_statement};
pub use ssh_keygen::{SshKeygen, SshKeygenError};
pub use transcript::{Remark, abort_ceremony, note_in_transcript};
