//! What becomes of a node's disk: it fills up, or it gives back other bytes than it was given.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use gofer_tests::{Cluster, Node, binary, eventually, pipeline, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::cluster_service_client::ClusterServiceClient;
use gofer_wire::api::v1::pipeline_service_client::PipelineServiceClient;
use gofer_wire::model::v1 as model;

const PATIENCE: Duration = Duration::from_secs(60);

/// A file system of its own, in memory.
struct Disk(PathBuf);

impl Disk {
    fn mount(path: &Path, size: &str) -> Self {
        std::fs::create_dir_all(path).unwrap();
        let options = format!("size={size}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "gofer-test"]).arg(path).status();
        assert!(mounted.unwrap().success(), "this test mounts a tmpfs, so it has to run as root");
        Self(path.to_owned())
    }

    /// Leaves about `left` bytes free, until the file that is returned is removed.
    fn fill(&self, left: u64) -> PathBuf {
        let path = self.0.join("ballast");
        let ballast = File::create(&path).unwrap();
        let piece = vec![1; 64 * 1024];
        let mut size = 0;
        while let Ok(()) = ballast.write_all_at(&piece, size) {
            size += piece.len() as u64;
        }
        ballast.set_len(size - left).unwrap();
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

async fn leads(node: &Node) {
    eventually("the node to lead itself", PATIENCE, || async {
        let status = ClusterServiceClient::new(node.channel()?).get_status(api::GetStatusRequest {}).await?;
        Ok((status.into_inner().leader != 0).then_some(()))
    })
    .await
    .unwrap_or_else(|error| panic!("{error:#}\n{}", node.log_tail()));
}

fn bulky(n: u64) -> model::PipelineConfig {
    let mut config = pipeline("bulky", vec![shell_task("t", "true", &[])]);
    let value = format!("{n:>32000}");
    config.variables = (0..8).map(|m| model::Variable { name: format!("V{m}"), value: value.clone() }).collect();
    config
}

/// Registers versions until one is not acknowledged; returns the last that was.
async fn register_until_refused(node: &Node) -> u64 {
    let mut client = PipelineServiceClient::new(node.channel().unwrap());
    for n in 1..5_000 {
        let mut request = tonic::Request::new(api::RegisterPipelineRequest {
            namespace: "default".into(),
            config: Some(bulky(n)),
            request_id: gofer_tests::request_id(),
            ..Default::default()
        });
        request.set_timeout(Duration::from_secs(5));
        match client.register_pipeline(request).await {
            Ok(answer) => assert_eq!(answer.into_inner().version, n),
            Err(_) => return n - 1,
        }
    }
    panic!("the disk never filled up");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_named_and_costs_nothing_that_was_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let disk = Disk::mount(&directory.path().join("disk"), "512m");
    let mut node = Node::new(&disk.0, "n1", vec!["--drivers".into(), "process".into()]);
    node.start(&["--bootstrap"]).unwrap();
    leads(&node).await;
    let ballast = disk.fill(24 * 1024 * 1024);
    let acknowledged = register_until_refused(&node).await;
    assert!(acknowledged > 0);
    let text = node.failed(PATIENCE).await.unwrap();
    assert!(text.contains("is full; make room and start gofer again"), "{text}");
    assert!(!text.contains("panicked"), "{text}");

    node.start(&[]).unwrap();
    if let Ok(text) = node.failed(Duration::from_secs(3)).await {
        assert!(text.contains("make room"), "still full: {text}");
    }
    node.kill();
    std::fs::remove_file(ballast).unwrap();
    node.start(&[]).unwrap();
    leads(&node).await;
    let request = api::GetPipelineRequest {
        pipeline: Some(model::PipelineRef { namespace: "default".into(), pipeline: "bulky".into() }),
        version: acknowledged,
        ..Default::default()
    };
    let found = PipelineServiceClient::new(node.channel().unwrap()).get_pipeline(request).await.unwrap().into_inner();
    assert_eq!(found.pipeline.unwrap().config.unwrap().variables, bulky(acknowledged).variables);
}

/// Flips bits all over the databases of a stopped node.
fn damage(data: &Path) {
    let mut damaged = 0;
    for path in walk(data) {
        let size = path.metadata().unwrap().len();
        if size < 512 || !path.extension().is_some_and(|kind| kind == "sst" || kind == "log") {
            continue;
        }
        let file = File::options().read(true).write(true).open(&path).unwrap();
        for place in (64..size).step_by(97) {
            let mut byte = [0];
            file.read_exact_at(&mut byte, place).unwrap();
            file.write_all_at(&[byte[0] ^ 0x10], place).unwrap();
        }
        damaged += 1;
    }
    assert!(damaged > 0, "no file of {} was damaged", data.display());
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_node_says_so_and_comes_back_as_it_advises() {
    let mut cluster = Cluster::start(3, &["--drivers", "process"]).await.unwrap();
    for n in 1..=40 {
        cluster.register(0, bulky(n)).await.unwrap();
    }
    let leader = cluster.leader().await.unwrap();
    let broken = cluster.other_than(leader);
    let name = format!("n{}", broken + 1);
    cluster.nodes[broken].terminate(Duration::from_secs(20)).unwrap();
    damage(&cluster.nodes[broken].data);
    cluster.nodes[broken].start(&["--name", &name]).unwrap();
    let text = cluster.nodes[broken].failed(PATIENCE).await.unwrap();
    assert!(!text.contains("panicked"), "{text}");
    assert!(text.contains(&format!("`gofer cluster remove {name}`")) && text.contains("--join"), "{text}");
    cluster.register(leader, bulky(41)).await.unwrap();

    let seed = cluster.nodes[leader].address.clone();
    let removed =
        Command::new(binary().unwrap()).args(["--address", &seed, "cluster", "remove", &name]).output().unwrap();
    assert!(removed.status.success(), "{removed:?}");
    std::fs::remove_dir_all(&cluster.nodes[broken].data).unwrap();
    cluster.nodes[broken].start(&["--name", &name, "--join", &seed]).unwrap();
    let request = api::GetPipelineRequest {
        pipeline: Some(model::PipelineRef { namespace: "default".into(), pipeline: "bulky".into() }),
        consistency: api::Consistency::Local.into(),
        ..Default::default()
    };
    eventually("the node to have it all again", PATIENCE, || async {
        let mut client = cluster.pipelines(broken)?;
        let found = client.get_pipeline(request.clone()).await?.into_inner().pipeline.unwrap_or_default();
        Ok((found.version == 41).then_some(()))
    })
    .await
    .unwrap_or_else(|error| panic!("{error:#}\n{}", cluster.nodes[broken].log_tail()));
}
