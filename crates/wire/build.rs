//! Generates the message types and services of `proto/`, with a pure-Rust compiler so that no `protoc` is needed.

use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    println!("cargo:rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();
    let descriptors = protox::compile(&files, [&root])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?).join("descriptors.bin");
    std::fs::write(out, protox::prost::Message::encode_to_vec(&descriptors))?;
    // Its only purpose is to carry a clear text, which nothing may write into a log by accident.
    tonic_prost_build::configure()
        .skip_debug(["gofer.api.v1.SetSecretRequest"])
        .bytes(".gofer.log.v1")
        .bytes(".gofer.peer.v1")
        .compile_fds(descriptors)?;
    Ok(())
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    Ok(())
}
