//! A bucket of an S3-compatible store, as a client of one is made.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::client::{Certificate, StaticCredentialProvider};
use object_store::{ClientOptions, RetryConfig};

use crate::config::BucketOptions;
use crate::credentials::{FileCredentials, of_variables};
use crate::error::{Error, of_request};

const CONNECT: Duration = Duration::from_secs(5);
/// One request; what is sent is small.
const REQUEST: Duration = Duration::from_secs(30);
/// A request that failed for a reason that may pass is sent again so often, for so long.
const RETRIES: usize = 3;
const RETRY: Duration = Duration::from_secs(30);
/// Most certificates, in bytes.
const CA_BYTES_MAX: u64 = 1 << 20;
const REGION: &str = "us-east-1";

/// A client; nothing is sent yet.
pub(crate) fn open(bucket: &str, options: &BucketOptions) -> Result<AmazonS3, Error> {
    // Whoever was first chose the same; the answer says no more than that.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let endpoint = options.endpoint.as_deref().map(|endpoint| endpoint.trim_end_matches('/'));
    let path_style = options.path_style.unwrap_or(endpoint.is_some());
    let mut client = ClientOptions::new().with_connect_timeout(CONNECT).with_timeout(REQUEST);
    if let Some(path) = &options.ca_file {
        let failed = |why: String| Error::Config(format!("can't use the certificates in {}: {why}", path.display()));
        let size = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
        if size > CA_BYTES_MAX {
            return Err(failed(format!("{size} bytes are more than {CA_BYTES_MAX}")));
        }
        let pem = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
        let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| failed(error.to_string()))?;
        if certificates.is_empty() {
            return Err(failed("it holds none".into()));
        }
        client = client.with_no_system_certificates(true);
        for certificate in certificates {
            client = client.with_root_certificate(certificate);
        }
    }
    if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) {
        client = client.with_allow_http(true);
    }
    let retry = RetryConfig { max_retries: RETRIES, retry_timeout: RETRY, ..RetryConfig::default() };
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(options.region.as_deref().unwrap_or(REGION))
        .with_virtual_hosted_style_request(!path_style)
        // Not every server knows the request that deletes many.
        .with_disable_bulk_delete(true)
        .with_retry(retry)
        .with_client_options(client);
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(match (path_style, endpoint.split_once("://")) {
            (false, Some((scheme, host))) => format!("{scheme}://{bucket}.{host}"),
            _ => endpoint.to_owned(),
        });
    }
    builder = match (&options.credentials_file, of_variables(|name| std::env::var(name).ok())?) {
        (Some(path), _) => builder.with_credentials(Arc::new(FileCredentials::open(path)?)),
        (None, Some(known)) => builder.with_credentials(Arc::new(StaticCredentialProvider::new(known))),
        (None, None) if endpoint.is_some() => {
            let rule = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a file with objects.credentials-file";
            return Err(Error::Config(format!("no credentials are known for s3://{bucket}: {rule}")));
        }
        // Amazon's machines are told theirs by the machine they run on.
        (None, None) => builder,
    };
    builder.build().map_err(|error| of_request(bucket, &error))
}
