//! Message types and gRPC services, generated from `proto/`. Written by hand are the module tree,
//! what keeps a secret's value out of messages for people, and how messages look as JSON.
#![allow(missing_debug_implementations, unreachable_pub, clippy::all, reason = "generated code")]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests fail by panicking"))]

pub mod json;

/// Encoded `FileDescriptorSet` of all packages, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// Data that the log and the public API share.
pub mod model {
    pub mod v1 {
        tonic::include_proto!("gofer.model.v1");
    }
}

/// The event log and the commands that lead to it.
pub mod log {
    pub mod v1 {
        tonic::include_proto!("gofer.log.v1");
    }
}

/// The public API.
pub mod api {
    pub mod v1 {
        tonic::include_proto!("gofer.api.v1");

        impl std::fmt::Debug for SetSecretRequest {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct("SetSecretRequest").field("secret", &self.secret).finish_non_exhaustive()
            }
        }
    }
}

/// Between plug-ins and nodes.
pub mod plugin {
    pub mod v1 {
        tonic::include_proto!("gofer.plugin.v1");
    }
}

/// Between nodes.
pub mod peer {
    pub mod v1 {
        tonic::include_proto!("gofer.peer.v1");
    }
}
