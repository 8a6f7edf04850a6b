//! Re-mining in a cluster: a Job made from the template of a suspended CronJob, once for each change,
//! however many replicas ask.
//!
//! The name does it: it is made of what is to be mined and of the model that is to be replaced, so all
//! who see the same change ask for the same Job, and whoever comes second finds it there. Objects are
//! handled as JSON, because types would drop what they do not know of a newer cluster's template.
//!
//! Needs, of the API group `batch` in one namespace: `get` of the CronJob, `create` and `get` of Jobs.

use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{ApiResource, DynamicObject, ObjectMeta, PostParams};
use kube::{Api, Client, Resource};
use segue_process::log::with_causes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Order;
use crate::error::WatcherError;

/// The longest name a Job may have: it becomes a label of its pods.
const LONGEST_NAME: usize = 63;
/// Digits of the content's digest in a name: a person can compare them, and nobody makes others meet.
const DIGEST_DIGITS: usize = 10;
/// Digits of the digest of all else that a name must tell apart.
const REST_DIGITS: usize = 6;
/// A Job stays for a day after its end, unless the template says otherwise: to be looked at, and so that
/// what failed is tried once a day and not all the time.
const TTL_SECONDS: u64 = 24 * 3600;
/// What Argo CD tells by that an object is its own; a Job with these would be pruned, as Git has none.
const TRACKING: [&str; 2] = ["app.kubernetes.io/instance", "argocd.argoproj.io/"];

/// Makes Jobs in one namespace.
#[derive(Clone)]
pub struct Jobs {
    client: Client,
    cronjob: String,
}

/// A Job and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeenJob {
    pub(crate) name: String,
    pub(crate) state: JobState,
}

/// How far a Job is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum JobState {
    /// It was not there before.
    Created,
    /// It is under way, whoever created it.
    Running,
    Complete,
    /// All its tries have failed, for the reason that it gives.
    Failed(String),
}

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jobs").field("cronjob", &self.cronjob).finish_non_exhaustive()
    }
}

impl Jobs {
    /// Makes Jobs from this CronJob's template, in the client's default namespace.
    #[must_use]
    pub fn new(client: Client, cronjob: impl Into<String>) -> Self {
        Self { client, cronjob: cronjob.into() }
    }

    /// The same, in the cluster that the pod runs in, or else the one that kubectl would use; in the
    /// given namespace, or else the pod's or kubectl's own. The cluster is not asked anything yet.
    ///
    /// # Errors
    /// This is no pod that may use the Kubernetes API, and there is no configuration for kubectl.
    pub async fn connect(
        namespace: Option<&str>,
        cronjob: impl Into<String>,
    ) -> Result<Self, WatcherError> {
        // Fails where the process has chosen a provider already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let failed = |trouble: String| WatcherError::Kubernetes {
            action: "find out how to reach the cluster".to_owned(),
            trouble,
        };
        let mut config = kube::Config::infer().await.map_err(|error| failed(error.to_string()))?;
        if let Some(namespace) = namespace {
            namespace.clone_into(&mut config.default_namespace);
        }
        config.read_timeout = Some(super::ANSWER_LIMIT);
        let client = Client::try_from(config).map_err(|error| failed(told(&error)))?;
        Ok(Self::new(client, cronjob))
    }

    /// Has there be a Job that mines what is ordered, to replace the model with this id.
    pub(crate) async fn ask(
        &self,
        order: &Order,
        replaces: Option<&str>,
    ) -> Result<SeenJob, WatcherError> {
        let name = name(&self.cronjob, order, replaces);
        let state = match self.state(&name).await? {
            Some(state) => state,
            None => self.create(&name, order).await?,
        };
        Ok(SeenJob { name, state })
    }

    /// How far the Job of this name is, if it is there.
    async fn state(&self, name: &str) -> Result<Option<JobState>, WatcherError> {
        let job = self
            .objects::<Job>()
            .get_opt(name)
            .await
            .map_err(failed(|| format!("get Job {name}")))?;
        Ok(job.map(|job| state(&job.data)))
    }

    /// The objects of a kind in the namespace.
    fn objects<K: Resource<DynamicType = ()>>(&self) -> Api<DynamicObject> {
        Api::default_namespaced_with(self.client.clone(), &ApiResource::erase::<K>(&()))
    }

    async fn create(&self, name: &str, order: &Order) -> Result<JobState, WatcherError> {
        let get = failed(|| format!("get CronJob {}", self.cronjob));
        let cronjob = self.objects::<CronJob>().get(&self.cronjob).await.map_err(get)?;
        let job = job(name, &cronjob, order)
            .ok_or_else(|| WatcherError::Template { cronjob: self.cronjob.clone() })?;
        match self.objects::<Job>().create(&PostParams::default(), &job).await {
            Ok(_) => Ok(JobState::Created),
            // Another replica was faster.
            Err(kube::Error::Api(status)) if status.code == 409 => {
                Ok(self.state(name).await?.unwrap_or(JobState::Running))
            }
            Err(error) => Err(failed(|| format!("create Job {name}"))(error)),
        }
    }
}

/// A Job's name: the CronJob's, as much of the dataset's id as there is room for, and the digits that
/// make it this change's.
fn name(cronjob: &str, order: &Order, replaces: Option<&str>) -> String {
    let id = order.id.as_deref().unwrap_or("dataset");
    let mut rest = Sha256::new();
    for part in [id, &order.url, replaces.unwrap_or("none"), &order.sha256] {
        rest.update(part);
        rest.update([0]);
    }
    let rest = &crate::source::digits(rest)[..REST_DIGITS];
    let end = format!("-{}-{rest}", &order.sha256[..DIGEST_DIGITS.min(order.sha256.len())]);
    let written = |c: char| match c.to_ascii_lowercase() {
        c @ ('a'..='z' | '0'..='9') => c,
        _ => '-',
    };
    let start: String = format!("{cronjob}-{id}").chars().map(written).collect();
    let start = &start[..start.len().min(LONGEST_NAME - end.len())];
    format!("{}{end}", start.trim_matches('-'))
}

/// A Job of a CronJob's template, which mines what is ordered; nothing if that is no CronJob.
fn job(name: &str, cronjob: &DynamicObject, order: &Order) -> Option<DynamicObject> {
    let template = cronjob.data.pointer("/spec/jobTemplate")?;
    let metadata: ObjectMeta = match template.get("metadata") {
        Some(metadata) => serde_json::from_value(metadata.clone()).ok()?,
        None => ObjectMeta::default(),
    };
    let mut spec = template.get("spec")?.clone();
    spec.as_object_mut()?.entry("ttlSecondsAfterFinished").or_insert(TTL_SECONDS.into());
    for container in spec.pointer_mut("/template/spec/containers")?.as_array_mut()? {
        give(container, order)?;
    }
    let ours = |key: &String| !TRACKING.iter().any(|tracking| key.starts_with(tracking));
    let (mut labels, mut annotations) = (metadata.labels, metadata.annotations);
    for map in [&mut labels, &mut annotations].into_iter().flatten() {
        map.retain(|key, _| ours(key));
    }
    let about = [("dataset-url", shown_url(&order.url)), ("dataset-sha256", order.sha256.clone())];
    let about = about.map(|(key, value)| (format!("segue/{key}"), value));
    annotations.get_or_insert_default().extend(about);
    let metadata = ObjectMeta {
        name: Some(name.to_owned()),
        labels,
        annotations,
        owner_references: owner(cronjob).map(|owner| vec![owner]),
        ..ObjectMeta::default()
    };
    let types = kube::api::TypeMeta::resource::<Job>();
    Some(DynamicObject { types: Some(types), metadata, data: json!({ "spec": spec }) })
}

/// A URL without what it may hold to log in with.
fn shown_url(url: &str) -> String {
    crate::source::Source::parse(url).map_or_else(|_| String::new(), |source| source.to_string())
}

/// Has a container mine what was found, whatever its template says.
fn give(container: &mut Value, order: &Order) -> Option<()> {
    let given = [
        ("DATASET_ID", order.id.as_deref()),
        ("DATASET_URL", Some(&*order.url)),
        ("DATASET_SHA256", Some(&*order.sha256)),
    ];
    let env = container.as_object_mut()?.entry("env").or_insert_with(|| json!([]));
    let env = env.as_array_mut()?;
    for (name, value) in given.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        env.retain(|variable| variable["name"] != name);
        // The kubelet reads `$(NAME)` as a reference, and two of these signs as one.
        env.push(json!({ "name": name, "value": value.replace('$', "$$") }));
    }
    Some(())
}

/// Has the Job go when the CronJob goes. Not as what controls it: a CronJob's controller would clear
/// away failed Jobs, and then nobody would know that they failed.
fn owner(cronjob: &DynamicObject) -> Option<OwnerReference> {
    Some(OwnerReference {
        api_version: CronJob::api_version(&()).into_owned(),
        kind: CronJob::kind(&()).into_owned(),
        name: cronjob.metadata.name.clone()?,
        uid: cronjob.metadata.uid.clone()?,
        ..OwnerReference::default()
    })
}

fn state(job: &Value) -> JobState {
    let conditions = job.pointer("/status/conditions").and_then(Value::as_array);
    let is = |condition: &&Value, kind| condition["type"] == kind && condition["status"] == "True";
    let find = |kind| conditions.into_iter().flatten().find(|condition| is(condition, kind));
    if find("Complete").is_some() {
        return JobState::Complete;
    }
    // FailureTarget comes as soon as it is decided, Failed when the last pod has ended, too.
    let Some(failed) = find("Failed").or_else(|| find("FailureTarget")) else {
        return JobState::Running;
    };
    let text = |field| failed[field].as_str().unwrap_or_default();
    JobState::Failed(format!("{}: {}", text("reason"), text("message")))
}

fn failed(action: impl FnOnce() -> String) -> impl FnOnce(kube::Error) -> WatcherError {
    move |error| WatcherError::Kubernetes { action: action(), trouble: told(&error) }
}

/// What went wrong, said once: this crate's errors name their causes and have them as well.
fn told(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => {
            format!("{} {}: {}", status.code, status.reason, status.message)
        }
        kube::Error::Service(cause) => with_causes(&**cause),
        kube::Error::HyperError(cause) => with_causes(cause),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA256: &str = "4f2c9a7b1e00000000000000000000000000000000000000000000000000abcd";

    fn order(id: Option<&str>) -> Order {
        let id = id.map(str::to_owned);
        Order { id, url: "http://example.org/a.csv".to_owned(), sha256: SHA256.to_owned() }
    }

    #[test]
    fn names_are_labels_whatever_they_are_made_of() {
        let long = "x".repeat(300);
        let cronjob = "c".repeat(52);
        for (cronjob, id) in [
            ("miner-refresh", Some("ds1")),
            ("miner-refresh", Some("My Songs/2026")),
            ("miner-refresh", Some("\u{e9}t\u{e9}--")),
            ("miner-refresh", Some(&*long)),
            ("miner-refresh", None),
            (&*cronjob, Some("ds1")),
        ] {
            let name = name(cronjob, &order(id), Some("0123456789abcdef"));
            let (first, last) = (name.as_bytes()[0], name.as_bytes()[name.len() - 1]);
            assert!(name.len() <= LONGEST_NAME, "{name}");
            assert!(first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric(), "{name}");
            let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(name.chars().all(good), "{name}");
            assert!(name.contains("-4f2c9a7b1e-"), "{name}");
        }
    }

    #[test]
    fn a_name_is_that_of_one_change() {
        let of = |order: &Order, replaces| name("miner-refresh", order, replaces);
        let first = of(&order(Some("ds1")), Some("aa"));
        assert!(first.starts_with("miner-refresh-ds1-4f2c9a7b1e-"), "{first}");
        assert_eq!(first, of(&order(Some("ds1")), Some("aa")));
        assert_ne!(first, of(&order(Some("ds1")), Some("bb")));
        assert_ne!(first, of(&order(Some("ds1")), None));
        assert_ne!(first, of(&order(Some("ds2")), Some("aa")));
        let moved = Order { url: "http://example.org/b.csv".to_owned(), ..order(Some("ds1")) };
        assert_ne!(first, of(&moved, Some("aa")));
        let other = Order { sha256: SHA256.replace("abcd", "abce"), ..order(Some("ds1")) };
        assert_ne!(first, of(&other, Some("aa")));
    }

    #[test]
    fn a_job_is_what_its_conditions_say() {
        let check = |conditions: Value, expected| {
            assert_eq!(state(&json!({ "status": { "conditions": conditions } })), expected);
        };
        assert_eq!(state(&json!({})), JobState::Running);
        check(json!([{ "type": "Suspended", "status": "True" }]), JobState::Running);
        check(json!([{ "type": "Failed", "status": "False" }]), JobState::Running);
        let complete = json!([
            { "type": "SuccessCriteriaMet", "status": "True" },
            { "type": "Complete", "status": "True" },
        ]);
        check(complete, JobState::Complete);
        for kind in ["Failed", "FailureTarget"] {
            check(
                json!([{ "type": kind, "status": "True", "reason": "R", "message": "m" }]),
                JobState::Failed("R: m".to_owned()),
            );
        }
    }
}
