//! A CA certificate in two processes. The first plans it without a token and writes the plan. The second reads the plan, checks it again, and
//! has the token sign exactly those bytes.

#![allow(clippy::print_stdout, reason = "a program of a few lines")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use hsm_ca::ledger::LedgerUrl;
use hsm_ca::output::{Destination, Encoding};
use hsm_ca::secret::{MemoryGuard, Pin};
use hsm_ca::signer::{KeyStore, PublicKey, SignatureChoice, SystemRandom};
use hsm_ca::token::{Module, TokenSelector};
use hsm_ca::workflow::{
    AuthorityRequest, Clock, Delivery, Guards, HeadPlace, Planned, Recorder, Waivers, deliver,
};
use hsm_ca::x509::{AskedValidity, Basis, Checked, Name, PUBLIC_KEY, Profile, decode_one};

type Outcome = Result<(), Box<dyn Error>>;

fn file(path: &str, encoding: Encoding) -> Delivery {
    Delivery::File(Destination {
        encoding,
        ..Destination::new(Path::new(path))
    })
}

fn plan(public_key: &str, out: &str) -> Outcome {
    let key = PublicKey::from_der(&decode_one(&std::fs::read(public_key)?, PUBLIC_KEY)?)?;
    let request = AuthorityRequest {
        key: String::new(),
        subject: Name::from_rfc4514("CN=Planned,O=Example")?,
        profile: Arc::new(Profile::named("root", true)?),
        validity: AskedValidity::default(),
        signature: SignatureChoice::default(),
        waivers: Waivers::default(),
        delivery: file(out, Encoding::Der),
    };
    let planned = request.plan(&key, &SystemRandom, &Clock::system(), &())?;
    println!("{}", planned.sha256());
    let stored = planned.store()?;
    deliver(&request.delivery, || Ok(stored))?;
    Ok(())
}

fn sign(module: &str, token: &str, pin: &str, plan: &str, out: &str) -> Outcome {
    let clock = Clock::system();
    let profile = Arc::new(Profile::named("root", true)?);
    let planned = Planned::<Checked>::reopen(&std::fs::read(plan)?, &profile, Basis::Itself, clock.now())?;
    let held = planned.hold(&file(out, Encoding::Pem))?;
    let guard = MemoryGuard::engage()?;
    let pin = Pin::take(&guard, std::fs::read_to_string(pin)?.into())?;
    let module = Module::load(Path::new(module))?;
    let session = module.token(&TokenSelector::parse(token)?)?.login(Some(pin))?;
    let signer = session.signer_for(held.planned().checked().issuer_key())?;
    let place = LedgerUrl::parse("sqlite:planned.db")?;
    let guards = Guards {
        place: HeadPlace::Nowhere,
        ..Guards::default()
    };
    let mut recorder = Recorder::make(&place, "planned-ca".to_owned(), clock)?.guarded(guards)?;
    let begun = recorder.begin_one(held, &session)?;
    let finished = recorder.finish(begun, signer.as_ref())?;
    println!("{}", finished.entry);
    Ok(())
}

fn main() -> Outcome {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["plan", public_key, out] => plan(public_key, out),
        ["sign", module, token, pin, planned, out] => sign(module, token, pin, planned, out),
        _ => Err("usage: planned-ca plan PUBLIC-KEY OUT | sign MODULE TOKEN PIN-FILE PLAN OUT".into()),
    }
}
