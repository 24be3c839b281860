//! The network of a run: a namespace for each node, one for the clients with the bridge that joins all, and the means to
//! break it. Knows nothing of Gofer.
//!
//! Nothing outside these namespaces is touched, and no traffic leaves them.

use std::process::{Command, Output};

use anyhow::Context;

/// What all namespaces are called, so that those of an earlier run are found.
const PREFIX: &str = "gofer-jepsen-";
/// Port of every node.
const PORT: u16 = 7600;
/// The namespace of the clients and the bridge.
const HUB: &str = "gofer-jepsen-hub";

/// Name of the namespace of a node; the first is 0.
pub(crate) fn namespace(node: usize) -> String {
    format!("{PREFIX}n{}", node + 1)
}

/// Address of a node without its port.
pub(crate) fn ip(node: usize) -> String {
    format!("10.99.0.{}", node + 1)
}

/// Address of a node.
pub(crate) fn address(node: usize) -> String {
    format!("{}:{PORT}", ip(node))
}

/// Name of the namespace of a plug-in; the first is 0.
pub(crate) fn seat(plugin: usize) -> String {
    format!("{PREFIX}x{}", plugin + 1)
}

/// Runs a program to its end.
///
/// # Errors
/// When it can't be run, or fails; with what it printed.
pub(crate) fn run(words: &[&str]) -> anyhow::Result<String> {
    let (program, arguments) = words.split_first().context("no program")?;
    let Output { status, stdout, stderr } = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("can't run {program}; `scripts/install-deps --test` installs it"))?;
    let text = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    anyhow::ensure!(status.success(), "`{}` failed: {}", words.join(" "), text.trim());
    Ok(text)
}

/// What a command begins with that is run in a namespace. nsenter is in the package util-linux.
pub(crate) fn enter(namespace: &str) -> [String; 3] {
    ["nsenter".into(), format!("--net=/run/netns/{namespace}"), "--".into()]
}

fn run_in(namespace: &str, words: &[&str]) -> anyhow::Result<String> {
    let enter = enter(namespace);
    run(&[&enter.each_ref().map(String::as_str)[..], words].concat())
}

/// Runs a program in the network of a node.
fn run_at(node: usize, words: &[&str]) -> anyhow::Result<String> {
    run_in(&namespace(node), words)
}

/// Namespaces, bridge and links of so many nodes, and of plug-ins. Taken down when dropped.
#[derive(Debug)]
pub(crate) struct Network {
    size: usize,
    seats: usize,
    /// Whether the kernel can delay packets.
    pub(crate) has_netem: bool,
}

impl Network {
    /// Makes the network, and moves the calling thread into the clients' namespace: call it before there are others.
    ///
    /// # Errors
    /// When this is not root, or the kernel has no network namespaces.
    pub(crate) fn create(size: usize, seats: usize) -> anyhow::Result<Self> {
        let mut network = Self { size, seats, has_netem: false };
        run(&["ip", "netns", "add", HUB]).context("can't make a network namespace; this needs root")?;
        run(&["ip", "-n", HUB, "link", "set", "lo", "up"])?;
        run(&["ip", "-n", HUB, "link", "add", "br0", "type", "bridge"])?;
        run(&["ip", "-n", HUB, "address", "add", "10.99.0.254/24", "dev", "br0"])?;
        run(&["ip", "-n", HUB, "link", "set", "br0", "up"])?;
        for node in 0..size {
            connect(&namespace(node), &format!("p{}", node + 1), &ip(node))?;
            Self::guard(&namespace(node), &["CUT", "LOSS"], &["INPUT"])?;
        }
        for plugin in 0..seats {
            connect(&seat(plugin), &format!("s{}", plugin + 1), &format!("10.99.0.{}", 101 + plugin))?;
            Self::guard(&seat(plugin), &["CUT"], &["INPUT", "OUTPUT"])?;
        }
        network.has_netem =
            run(&["tc", "-n", HUB, "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms"]).is_ok();
        if network.has_netem {
            run(&["tc", "-n", HUB, "qdisc", "del", "dev", "lo", "root"])?;
        }
        let hub = std::fs::File::open(format!("/run/netns/{HUB}"))?;
        let kind = rustix::thread::LinkNameSpaceType::Network;
        rustix::thread::move_into_link_name_space(std::os::fd::AsFd::as_fd(&hub), Some(kind))?;
        Ok(network)
    }

    /// Makes chains of rules that what comes in, or goes out, is held against.
    fn guard(namespace: &str, chains: &[&str], ways: &[&str]) -> anyhow::Result<()> {
        for chain in chains {
            run_in(namespace, &["iptables", "-w", "-N", chain])?;
            for way in ways {
                run_in(namespace, &["iptables", "-w", "-A", way, "-j", chain])?;
            }
        }
        Ok(())
    }

    /// A plug-in and a node no longer reach each other.
    ///
    /// # Errors
    /// When the firewall can't be changed.
    pub(crate) fn cut_plugin(&self, plugin: usize, node: usize) -> anyhow::Result<()> {
        for way in ["-s", "-d"] {
            run_in(&seat(plugin), &["iptables", "-w", "-A", "CUT", way, &ip(node), "-j", "DROP"])?;
        }
        Ok(())
    }

    /// A plug-in and all nodes reach each other again.
    ///
    /// # Errors
    /// When the firewall can't be changed.
    pub(crate) fn join_plugin(&self, plugin: usize) -> anyhow::Result<()> {
        run_in(&seat(plugin), &["iptables", "-w", "-F", "CUT"]).map(drop)
    }

    /// How many plug-ins there is room for.
    pub(crate) fn seats(&self) -> usize {
        self.seats
    }

    /// What `from` sends no longer reaches `to`.
    ///
    /// # Errors
    /// When the firewall can't be changed.
    pub(crate) fn cut(&self, from: usize, to: usize) -> anyhow::Result<()> {
        run_at(to, &["iptables", "-w", "-A", "CUT", "-s", &ip(from), "-j", "DROP"]).map(drop)
    }

    /// All reach all again.
    ///
    /// # Errors
    /// When the firewall can't be changed.
    pub(crate) fn join(&self) -> anyhow::Result<()> {
        (0..self.size).try_for_each(|node| run_at(node, &["iptables", "-w", "-F", "CUT"]).map(drop))
    }

    /// So many percent of the packets that other nodes send to this one are lost.
    ///
    /// # Errors
    /// When the firewall can't be changed.
    pub(crate) fn lose(&self, node: usize, percent: u64) -> anyhow::Result<()> {
        let probability = format!("0.{percent:02}");
        for other in (0..self.size).filter(|other| *other != node) {
            let dice = ["-m", "statistic", "--mode", "random", "--probability", &probability];
            let source = ip(other);
            let words = [&["iptables", "-w", "-A", "LOSS", "-s", &source], &dice[..], &["-j", "DROP"]].concat();
            run_at(node, &words)?;
        }
        Ok(())
    }

    /// Nothing is lost any more.
    ///
    /// # Errors
    /// When the firewall can't be changed.
    pub(crate) fn lose_nothing(&self) -> anyhow::Result<()> {
        (0..self.size).try_for_each(|node| run_at(node, &["iptables", "-w", "-F", "LOSS"]).map(drop))
    }

    /// Delays what a node sends. A kernel without netem can't; there its link becomes so narrow that packets queue up,
    /// for up to this time.
    ///
    /// # Errors
    /// When the kernel has no queueing discipline for it.
    pub(crate) fn slow(&self, node: usize, millis: u64) -> anyhow::Result<()> {
        let (name, delay, jitter) = (namespace(node), format!("{millis}ms"), format!("{}ms", millis / 3));
        let base = ["tc", "-n", &name, "qdisc", "add", "dev", "eth0", "root"];
        let netem = ["netem", "delay", &delay, &jitter];
        let tbf = ["tbf", "rate", "600kbit", "burst", "6kb", "latency", &delay];
        run(&[&base[..], if self.has_netem { &netem[..] } else { &tbf[..] }].concat()).map(drop)
    }

    /// Nothing is slow any more.
    pub(crate) fn hasten(&self) {
        for node in 0..self.size {
            // Most have nothing to remove.
            let _ = run(&["tc", "-n", &namespace(node), "qdisc", "del", "dev", "eth0", "root"]);
        }
    }
}

/// Makes a namespace with a link to the bridge.
fn connect(namespace: &str, port: &str, ip: &str) -> anyhow::Result<()> {
    run(&["ip", "netns", "add", namespace])?;
    run(&["ip", "-n", HUB, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", namespace])?;
    run(&["ip", "-n", HUB, "link", "set", port, "master", "br0", "up"])?;
    run(&["ip", "-n", namespace, "address", "add", &format!("{ip}/24"), "dev", "eth0"])?;
    run(&["ip", "-n", namespace, "link", "set", "eth0", "up"])?;
    run(&["ip", "-n", namespace, "link", "set", "lo", "up"]).map(drop)
}

impl Drop for Network {
    fn drop(&mut self) {
        sweep();
    }
}

/// Ends every program in the namespaces of this or an earlier run, and removes them.
pub(crate) fn sweep() {
    let Ok(listed) = run(&["ip", "netns", "list"]) else { return };
    let names: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    for name in names.into_iter().filter(|name| name.starts_with(PREFIX)) {
        kill_all_in(name);
        if let Err(error) = run(&["ip", "netns", "del", name]) {
            eprintln!("{error:#}");
        }
    }
}

/// SIGKILL to every program in the network of a node, the tasks it runs included.
pub(crate) fn kill_all_at(node: usize) {
    kill_all_in(&namespace(node));
}

fn kill_all_in(name: &str) {
    // Twice: a program may have started another meanwhile.
    for _ in 0..2 {
        let pids = run(&["ip", "netns", "pids", name]).unwrap_or_default();
        let own = std::process::id().to_string();
        for pid in pids.lines().filter(|pid| *pid != own) {
            let pid = pid.parse().ok().and_then(rustix::process::Pid::from_raw);
            if let Some(pid) = pid {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        }
    }
}
