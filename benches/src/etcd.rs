//! A real etcd cluster: the peer that commits are measured against.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use gofer_tests::{eventually, free_port};

pub use client::Client;

mod client;

/// Three members on loopback, with their default settings. Killed when dropped.
#[derive(Debug)]
pub struct Etcd {
    members: Vec<Child>,
    pub endpoints: Vec<String>,
}

impl Etcd {
    /// Starts the members with their data in `directory`, and waits until they commit.
    ///
    /// # Errors
    /// When etcd is not installed or does not come up.
    pub async fn start(directory: &Path) -> anyhow::Result<Self> {
        let ports: Vec<(u16, u16)> = (0..3).map(|_| (free_port(), free_port())).collect();
        let peers = |(n, (_, peer)): (usize, &(u16, u16))| format!("e{n}=http://127.0.0.1:{peer}");
        let initial = ports.iter().enumerate().map(peers).collect::<Vec<_>>().join(",");
        let mut members = Vec::new();
        for (n, (client, peer)) in ports.iter().enumerate() {
            let log = std::fs::File::create(directory.join(format!("etcd-{n}.log")))?;
            let child = Command::new("etcd")
                .args(["--name", &format!("e{n}"), "--initial-cluster", &initial])
                .args(["--listen-client-urls", &format!("http://127.0.0.1:{client}")])
                .args(["--advertise-client-urls", &format!("http://127.0.0.1:{client}")])
                .args(["--listen-peer-urls", &format!("http://127.0.0.1:{peer}")])
                .args(["--initial-advertise-peer-urls", &format!("http://127.0.0.1:{peer}")])
                .arg("--data-dir")
                .arg(directory.join(format!("etcd-{n}")))
                .stdin(Stdio::null())
                .stdout(log.try_clone()?)
                .stderr(log)
                .spawn()
                .context("can't start etcd; install Debian's etcd-server")?;
            members.push(child);
        }
        let endpoints: Vec<String> = ports.iter().map(|(client, _)| format!("http://127.0.0.1:{client}")).collect();
        let etcd = Self { members, endpoints };
        eventually("etcd to commit", Duration::from_secs(30), || async {
            etcd.client(0).await?.put("ready".into(), "1".into()).await?;
            Ok(Some(()))
        })
        .await?;
        Ok(etcd)
    }

    /// A client of its own connection to one member.
    ///
    /// # Errors
    /// When the member can't be reached.
    pub async fn client(&self, member: usize) -> anyhow::Result<Client> {
        Client::connect(&self.endpoints[member % self.endpoints.len()]).await
    }

    /// Index of the leading member.
    ///
    /// # Errors
    /// When none says that it leads.
    pub async fn leader(&self) -> anyhow::Result<usize> {
        for member in 0..self.members.len() {
            if self.client(member).await?.leads().await? {
                return Ok(member);
            }
        }
        anyhow::bail!("no etcd member leads")
    }

    /// SIGKILL for one member.
    pub fn kill(&mut self, member: usize) {
        // It may have ended by itself.
        let _ = self.members[member].kill();
        let _ = self.members[member].wait();
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        for member in 0..self.members.len() {
            self.kill(member);
        }
    }
}
