//! The two calls of etcd's v3 API that a benchmark needs. Field numbers are those of `etcdserverpb/rpc.proto`.

use anyhow::Context;
use http::uri::PathAndQuery;
use tonic::Request;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic_prost::ProstCodec;

/// One connection to one member; clones share it.
#[derive(Clone, Debug)]
pub struct Client(Channel);

#[derive(Clone, PartialEq, prost::Message)]
struct PutRequest {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct PutResponse {
    #[prost(message, optional, tag = "1")]
    header: Option<ResponseHeader>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct StatusRequest {}

#[derive(Clone, PartialEq, prost::Message)]
struct StatusResponse {
    #[prost(message, optional, tag = "1")]
    header: Option<ResponseHeader>,
    #[prost(uint64, tag = "4")]
    leader: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ResponseHeader {
    #[prost(uint64, tag = "2")]
    member_id: u64,
    #[prost(int64, tag = "3")]
    revision: i64,
}

impl Client {
    /// Connects to a member.
    ///
    /// # Errors
    /// When it can't be reached.
    pub async fn connect(endpoint: &str) -> anyhow::Result<Self> {
        Ok(Self(Endpoint::from_shared(endpoint.to_owned())?.tcp_nodelay(true).connect().await?))
    }

    /// Puts a value.
    ///
    /// # Errors
    /// When it was not committed, or nobody knows.
    pub async fn put(&self, key: String, value: String) -> anyhow::Result<()> {
        let request = PutRequest { key: key.into_bytes(), value: value.into_bytes() };
        let response: PutResponse = self.call("/etcdserverpb.KV/Put", request).await?;
        anyhow::ensure!(response.header.is_some_and(|header| header.revision > 0), "etcd answered without a revision");
        Ok(())
    }

    /// Whether the member leads.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn leads(&self) -> anyhow::Result<bool> {
        let response: StatusResponse = self.call("/etcdserverpb.Maintenance/Status", StatusRequest {}).await?;
        Ok(response.header.context("etcd answered without a header")?.member_id == response.leader)
    }

    async fn call<A, B>(&self, path: &'static str, request: A) -> anyhow::Result<B>
    where
        A: prost::Message + Send + Sync + 'static,
        B: prost::Message + Default + Send + Sync + 'static,
    {
        let mut grpc = Grpc::new(self.0.clone());
        grpc.ready().await?;
        let codec = ProstCodec::<A, B>::default();
        Ok(grpc.unary(Request::new(request), PathAndQuery::from_static(path), codec).await?.into_inner())
    }
}
