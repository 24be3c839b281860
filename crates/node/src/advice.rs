//! What to do about what stopped a node. What stopped consensus is only known as text, so the text is looked at.

use crate::config::Config;

/// An error with advice for the operator behind it, where there is any.
pub(crate) fn advise(error: anyhow::Error, config: &Config) -> anyhow::Error {
    let text = format!("{error:#}");
    match advice(&text, config) {
        Some(advice) => anyhow::anyhow!("{text}; {advice}"),
        None => error,
    }
}

fn advice(text: &str, config: &Config) -> Option<String> {
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let (name, data) = (&config.name, config.data_dir.display());
    if says(&["No space left"]) {
        // The state store says so itself.
        return (!says(&["make room"])).then(|| format!("the disk of {data} is full; make room and start gofer again"));
    }
    let replace = format!(
        "run `gofer cluster remove {name}` on one of them (if it is refused because {name} holds attempts: once more when \
         {name} was declared lost, after 16 s at most with the default lease), empty {data}, and start this node with \
         --join and a member's address"
    );
    if says(&["is corrupt", "is damaged", "Corruption:"]) {
        return Some(format!("the other nodes have what is lost here: {replace}"));
    }
    says(&["Input/output error"]).then(|| {
        format!(
            "the disk of {data} gave an error, which the kernel's log may explain; nothing that was acknowledged is lost; \
             start gofer again once the disk is sound; if it has to be replaced, the other nodes have what was on it: \
             {replace}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    fn advised(text: &'static str) -> String {
        let settings = Settings {
            data_dir: Some("/data/n2".into()),
            name: Some("n2".into()),
            bootstrap: Some(true),
            ..Settings::default()
        };
        let config = Config::resolve(&settings, &Settings::default());
        let error = anyhow::anyhow!(text).context("consensus has stopped");
        config.map_or_else(|error| error.to_string(), |config| format!("{:#}", advise(error, &config)))
    }

    #[test]
    fn a_full_disk_is_named_once() {
        let text = advised("syncing the raft log failed: IO error: No space left on device: x.log");
        assert!(text.starts_with("consensus has stopped: syncing the raft log failed"), "{text}");
        assert!(text.ends_with("the disk of /data/n2 is full; make room and start gofer again"), "{text}");
        let named = "the disk of /data/n2 is full; make room and start gofer again: No space left on device";
        assert_eq!(advised(named), format!("consensus has stopped: {named}"));
    }

    #[test]
    fn damage_has_a_way_back() {
        for text in ["x is corrupt: y", "the raft log at x is damaged: y", "reading failed: Corruption: y"] {
            let text = advised(text);
            assert!(text.contains("`gofer cluster remove n2`") && text.contains("empty /data/n2"), "{text}");
            assert!(text.contains("once more when n2 was declared lost, after 16 s"), "{text}");
        }
        assert_eq!(advised("the scheduler failed"), "consensus has stopped: the scheduler failed");
    }

    #[test]
    fn a_failing_disk_is_to_be_looked_at_first() {
        let text = advised("syncing the raft log failed: IO error: While fdatasync: x.log: Input/output error");
        assert!(text.contains("start gofer again once the disk is sound"), "{text}");
        assert!(text.contains("`gofer cluster remove n2`"), "{text}");
    }
}
