//! Bodies of requests, read to their end.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use tokio::time::timeout;
use tonic::Code;

use crate::errors::{Fault, reason};

/// How long a body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(5);

/// A body of at most so many bytes.
pub(super) async fn read(body: Body, bytes_max: usize) -> Result<Bytes, Fault> {
    match timeout(ARRIVAL, to_bytes(body, bytes_max)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) => {
            let message = format!("the body can't be read, or has more than {bytes_max} bytes ({error})");
            Err(Fault::new(Code::ResourceExhausted, reason::TOO_LARGE, message).help("send less"))
        }
        Err(_) => {
            let message = format!("the body did not arrive within {ARRIVAL:?}");
            Err(Fault::new(Code::Unavailable, reason::TIMEOUT, message).help("send it again"))
        }
    }
}
