//! Damaged messages to every method of the public API of a real node: each is answered, and the node goes on.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use gofer_tests::Cluster;
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::cluster_service_client::ClusterServiceClient;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;
use tonic::{Code, Status};

/// How deep messages are filled.
const DEPTH: usize = 5;
/// How long an answer may take; streams are given up after their first message.
const PATIENCE: Duration = Duration::from_millis(300);

/// Messages as their bytes.
#[derive(Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

/// A message with something in every field.
fn filled(descriptor: &MessageDescriptor, depth: usize) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    for field in descriptor.fields() {
        if let Some(value) = value(&field, depth) {
            message.set_field(&field, value);
        }
    }
    message
}

fn value(field: &FieldDescriptor, depth: usize) -> Option<Value> {
    if field.is_map() {
        let inner = field.kind().as_message()?.map_entry_value_field();
        return Some(Value::Map([(MapKey::String("a".into()), value(&inner, depth)?)].into()));
    }
    let one = match field.kind() {
        Kind::Message(inner) => Value::Message((depth > 0).then(|| filled(&inner, depth - 1))?),
        Kind::String => Value::String("default".into()),
        Kind::Bytes => Value::Bytes(Bytes::from_static(&[7; 16])),
        Kind::Bool => Value::Bool(true),
        Kind::Enum(_) => Value::EnumNumber(1),
        Kind::Double => Value::F64(1.5),
        Kind::Float => Value::F32(1.5),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(1),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(1),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(1),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(1),
    };
    Some(if field.is_list() { Value::List(vec![one]) } else { one })
}

/// Sends bytes to a method, and waits for the first message of its answer.
async fn send(channel: Channel, path: &str, message: &[u8]) -> Result<(), Status> {
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let request = tonic::Request::new(Bytes::copy_from_slice(message));
    let answer = client.server_streaming(request, path.parse().unwrap(), Raw).await?;
    answer.into_inner().message().await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_messages_hurt_nobody() {
    let mut cluster = Cluster::start(1, &["--drivers", "process"]).await.unwrap();
    let pool = DescriptorPool::decode(gofer_wire::DESCRIPTORS).unwrap();
    let services = pool.services().filter(|service| service.full_name().starts_with("gofer.api."));
    let methods: Vec<_> = services.flat_map(|service| service.methods().collect::<Vec<_>>()).collect();
    assert!(methods.len() > 20, "the public API has more methods than {}", methods.len());
    let channel = cluster.nodes[0].channel().unwrap();
    let runtime = tokio::runtime::Handle::current();
    let fuzzing = tokio::task::spawn_blocking(move || {
        for method in methods {
            let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
            let valid = (0..=DEPTH).map(|depth| filled(&method.input(), depth).encode_to_vec()).collect::<Vec<_>>();
            let target = format!("api-{}", method.name());
            gofer_fuzz::fuzz_some(&target, &valid, 600, |bytes| {
                let sending = send(channel.clone(), &path, bytes);
                let answer = runtime.block_on(async { tokio::time::timeout(PATIENCE, sending).await });
                if let Ok(Err(status)) = answer {
                    // What a panic of a handler, or a node that is gone, looks like from here.
                    let broken = [Code::Unknown, Code::Internal, Code::Unavailable, Code::Cancelled, Code::DataLoss];
                    assert!(!broken.contains(&status.code()) || is_refusal(&status), "{path}: {status:?}");
                }
            });
        }
    });
    fuzzing.await.unwrap();
    let mut client = ClusterServiceClient::new(cluster.nodes[0].channel().unwrap());
    assert_ne!(client.get_status(api::GetStatusRequest {}).await.unwrap().into_inner().leader, 0);
    let log = cluster.nodes[0].log_tail();
    assert!(!log.contains("panicked"), "{log}");
    cluster.nodes[0].terminate(Duration::from_secs(20)).unwrap();
}

/// tonic calls bytes that are no message an internal error.
fn is_refusal(status: &Status) -> bool {
    status.code() == Code::Internal && status.message().contains("decode")
}
