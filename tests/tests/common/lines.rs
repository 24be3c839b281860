//! The example plug-in, the file that it follows, and the runs that its lines start.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;

use gofer_tests::{Cluster, Example, ExamplePlugin, Language, PATIENCE, eventually, pipeline, request_id, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::subscription_service_client::SubscriptionServiceClient;
use gofer_wire::api::v1::trigger_service_client::TriggerServiceClient;
use gofer_wire::model::v1 as model;

/// A pipeline whose runs need no node, as no node has the label: they only are.
fn parked(id: &str) -> model::PipelineConfig {
    let mut config = pipeline(id, vec![shell_task("wait", "true", &[])]);
    config.tasks[0].constraints = vec![model::Variable { name: "nowhere".into(), value: "1".into() }];
    config
}

/// The trigger in one language. It and its pipeline are called like the language.
pub(crate) struct Lines {
    pub(crate) language: &'static str,
    pub(crate) program: ExamplePlugin,
    path: PathBuf,
    file: File,
    written: BTreeSet<String>,
}

impl Lines {
    pub(crate) fn new(cluster: &Cluster, language: Language) -> Self {
        let program = ExamplePlugin::build(Example::Lines, language, cluster.path()).unwrap();
        let language = language.name();
        let path = cluster.path().join(format!("{language}.lines"));
        Self { language, program, file: File::create(&path).unwrap(), path, written: BTreeSet::new() }
    }

    /// Appends a line, in two pieces, since programs don't write lines as a whole.
    pub(crate) fn write(&mut self) {
        let line = format!("{} {}", self.language, self.written.len());
        let (one, other) = line.split_at(3);
        write!(self.file, "{one}").unwrap();
        writeln!(self.file, "{other}").unwrap();
        self.written.insert(line);
    }

    pub(crate) fn subscription(&self) -> model::SubscriptionRef {
        model::SubscriptionRef { namespace: "default".into(), pipeline: self.language.into(), name: "log".into() }
    }

    /// Installs the trigger.
    pub(crate) async fn install(&self, cluster: &Cluster, spec: model::TriggerSpec) {
        let request =
            api::InstallTriggerRequest { request_id: request_id(), trigger: self.language.into(), spec: Some(spec) };
        TriggerServiceClient::new(cluster.nodes[0].channel().unwrap()).install_trigger(request).await.unwrap();
    }

    /// Registers the pipeline, and lets lines start its runs.
    pub(crate) async fn subscribe(&self, cluster: &Cluster) {
        cluster.register(0, parked(self.language)).await.unwrap();
        let variable =
            |name: &str, value: &str| vec![model::Variable { name: name.to_owned(), value: value.to_owned() }];
        let spec = model::SubscriptionSpec {
            trigger: self.language.into(),
            settings: variable("file", self.path.to_str().unwrap()),
            expressions: variable("LINE", "payload.line"),
            ..Default::default()
        };
        let request = api::CreateSubscriptionRequest {
            request_id: request_id(),
            subscription: Some(self.subscription()),
            spec: Some(spec),
            disabled: false,
        };
        let channel = cluster.nodes[0].channel().unwrap();
        SubscriptionServiceClient::new(channel).create_subscription(request).await.unwrap();
    }

    /// The lines that runs were started for, each as often as it was.
    async fn runs(&self, cluster: &Cluster) -> anyhow::Result<BTreeMap<String, usize>> {
        let pipeline = Some(model::PipelineRef { namespace: "default".into(), pipeline: self.language.into() });
        let mut request = api::ListRunsRequest { pipeline, page_size: 1000, ..Default::default() };
        let mut lines = BTreeMap::new();
        loop {
            let page = cluster.runs(0)?.list_runs(request.clone()).await?.into_inner();
            for run in page.runs {
                let line = run.variables.into_iter().find(|variable| variable.name == "LINE");
                *lines.entry(line.unwrap_or_default().value).or_default() += 1;
            }
            if page.next_page_token.is_empty() {
                return Ok(lines);
            }
            request.page_token = page.next_page_token;
        }
    }

    /// Waits until each line has its run, and then makes sure that no line has two.
    pub(crate) async fn settled(&self, cluster: &Cluster) {
        let what = format!("a run for each line of {}", self.language);
        let all = eventually(&what, PATIENCE, || async {
            let runs = self.runs(cluster).await?;
            let missing = self.written.iter().filter(|line| !runs.contains_key(*line)).count();
            anyhow::ensure!(missing == 0, "{missing} of {} lines have no run", self.written.len());
            Ok(Some(runs))
        });
        let all = all.await.unwrap();
        let twice: Vec<_> = all.iter().filter(|(_, runs)| **runs != 1).collect();
        assert!(twice.is_empty(), "{}: {twice:?}", self.language);
        assert_eq!(all.into_keys().collect::<BTreeSet<_>>(), self.written, "nothing that was not written");
    }
}
