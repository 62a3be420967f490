//! The settings of the usual AWS chain: environment, profile, SSO, IMDS.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::{TimeoutConfig, TimeoutConfigBuilder};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use tokio::runtime::{Builder, Runtime};

use super::AwsError;
use super::bounded::{BoundedClient, TooLongIsFinal};
use super::endpoint::EncryptedEndpoint;

/// An operator waits for the answer: long enough for a slow link, short enough to notice a wrong proxy.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(60);

/// Tries of a call that the service throttles or fails with a 5xx status, with growing waits between them (KMS developer guide,
/// "Throttling AWS KMS requests": "retry with backoff").
const MAX_ATTEMPTS: u32 = 5;

/// What a client is made from. Async stays behind it: one current-thread runtime, one call at a time.
#[derive(Debug)]
pub(crate) struct AwsSettings {
    /// Runs the calls.
    pub(crate) runtime: Runtime,
    /// The settings.
    pub(crate) sdk: SdkConfig,
    /// The region that is asked.
    pub(crate) region: String,
}

impl AwsSettings {
    /// The caller's own settings, with the limits that every client here has: answers through the caller's HTTP client are bounded like ours, and a
    /// timeout that is not set is ours. `wanted` as in [`load`](Self::load).
    pub(crate) fn of_caller(sdk: &SdkConfig, wanted: Option<&str>) -> Result<Self, AwsError> {
        let region = agree(sdk.region().map(ToString::to_string), wanted)?.ok_or(AwsError::NoRegion)?;
        let client = sdk
            .http_client()
            .map_or_else(BoundedClient::new, BoundedClient::around);
        let mut timeouts = sdk
            .timeout_config()
            .map_or_else(TimeoutConfig::builder, TimeoutConfig::to_builder);
        timeouts = timeouts.take_unset_from(default_timeouts());
        let sdk = sdk
            .to_builder()
            .http_client(client)
            .region(Region::new(region.clone()))
            .timeout_config(timeouts.build())
            .behavior_version(sdk.behavior_version().unwrap_or_else(BehaviorVersion::latest));
        Ok(Self {
            runtime: start_runtime()?,
            sdk: sdk.build(),
            region,
        })
    }

    /// Loads the settings without calling a service. If no region is set, `wanted` is used; if one is set, it must be `wanted`.
    pub(crate) fn load(wanted: Option<&str>) -> Result<Self, AwsError> {
        let runtime = start_runtime()?;
        let region = runtime.block_on(choose_region(wanted))?;
        let loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(BoundedClient::new())
            .region(Region::new(region.clone()))
            .timeout_config(default_timeouts().build())
            .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS));
        let sdk = runtime.block_on(loader.load());
        Ok(Self { runtime, sdk, region })
    }

    /// What every client's configuration gets.
    pub(crate) const fn interceptor() -> EncryptedEndpoint {
        EncryptedEndpoint
    }

    /// What every client's configuration gets, too.
    pub(crate) const fn retry_classifier() -> TooLongIsFinal {
        TooLongIsFinal
    }
}

fn default_timeouts() -> TimeoutConfigBuilder {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
}

pub(crate) fn start_runtime() -> Result<Runtime, AwsError> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| AwsError::Runtime {
        reason: error.to_string(),
    })
}

/// The region set in the environment or the profile, which must be the wanted one; otherwise the wanted one; only if neither is named, the
/// machine's own (IMDS).
async fn choose_region(wanted: Option<&str>) -> Result<String, AwsError> {
    let set = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(ProfileFileRegionProvider::new())
        .region()
        .await;
    if let Some(region) = agree(set.map(|set| set.to_string()), wanted)? {
        return Ok(region);
    }
    let bounded = ProviderConfig::without_region().with_http_client(BoundedClient::new());
    let machine = ImdsRegionProvider::builder().configure(&bounded).build();
    let machine = machine.region().await;
    machine.map(|region| region.to_string()).ok_or(AwsError::NoRegion)
}

/// The region that is set, which must be the wanted one; if none is set, the wanted one.
fn agree(set: Option<String>, wanted: Option<&str>) -> Result<Option<String>, AwsError> {
    match (set, wanted) {
        (Some(set), Some(wanted)) if set != wanted => Err(AwsError::OtherRegion {
            wanted: wanted.to_owned(),
            set,
        }),
        (set, wanted) => Ok(set.or_else(|| wanted.map(str::to_owned))),
    }
}
