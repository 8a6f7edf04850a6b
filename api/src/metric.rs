//! What an instance counts, and how Prometheus reads it. Every metric is named here and nowhere else.
//!
//! Counting is an atomic addition or two. Whatever is a fact at the time of reading (the model, its age,
//! connections) is not counted but looked up then.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use segue_model::{Comparison, Evaluation};
use warp::http::StatusCode;

use crate::Shared;
use crate::admission::Refused;
use crate::exposition::Exposition;
use crate::histogram::Histogram;
use crate::route::Route;

/// The classes of status codes; handlers send no 1xx.
const CLASSES: [&str; 4] = ["2xx", "3xx", "4xx", "5xx"];

/// How an attempt to serve another model ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reload {
    /// It is served now.
    Served,
    /// It was served already.
    Unchanged,
    /// It was refused.
    Refused,
}

impl Reload {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Served, "served"), (Self::Unchanged, "unchanged"), (Self::Refused, "refused")];
}

/// What an instance counts.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    requests: [[Histogram; CLASSES.len()]; Route::ALL.len()],
    reloads: [AtomicU64; Reload::ALL.len()],
    load_in_nanoseconds: AtomicU64,
    songs: AtomicU64,
    unknown_songs: AtomicU64,
    filled_up: AtomicU64,
}

impl Metrics {
    /// A request has been answered.
    pub(crate) fn request(&self, route: Route, status: StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100).clamp(2, 5) - 2;
        self.requests[route as usize][class].observe(took);
    }

    /// A question has been answered.
    pub(crate) fn answer(&self, songs: usize, unknown: usize, filled_up: bool) {
        self.songs.fetch_add(songs as u64, Ordering::Relaxed);
        if unknown > 0 {
            self.unknown_songs.fetch_add(unknown as u64, Ordering::Relaxed);
        }
        if filled_up {
            self.filled_up.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// An attempt to serve another model has ended.
    pub(crate) fn reload(&self, ended: Reload, took: Duration) {
        self.reloads[ended as usize].fetch_add(1, Ordering::Relaxed);
        if let Reload::Served = ended {
            let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
            self.load_in_nanoseconds.store(nanoseconds, Ordering::Relaxed);
        }
    }
}

/// Everything there is to know, in Prometheus' format.
pub(crate) fn expose(shared: &Shared) -> String {
    let mut out = Exposition::default();
    out.info("segue_build_info", "The running code", &[("version", segue_process::VERSION)]);
    out.gauge("segue_ready", "Whether requests are welcome", u8::from(shared.is_ready()));
    requests(&mut out, shared);
    recommendations(&mut out, &shared.metrics);
    model(&mut out, shared);
    process(&mut out);
    out.into_text()
}

fn requests(out: &mut Exposition, shared: &Shared) {
    let name = "segue_http_request_duration_seconds";
    out.family(name, "histogram", "From a request's head to its answer, by route and status class");
    for (route, classes) in Route::ALL.iter().zip(&shared.metrics.requests) {
        for (class, histogram) in CLASSES.iter().zip(classes) {
            out.histogram(name, &[("route", route.label()), ("status", class)], histogram);
        }
    }
    let admission = &shared.admission;
    out.gauge("segue_http_in_flight", "Questions being worked on", admission.in_flight());
    let name = "segue_http_shed_total";
    out.family(name, "counter", "Questions refused to keep the others fast, by reason");
    for (refused, reason) in Refused::ALL {
        out.sample(name, &[("reason", reason)], admission.refused(refused));
    }
    out.sample(name, &[("reason", "bodies")], shared.bodies.refused());
    let delay = admission.delay().as_secs_f64();
    out.gauge("segue_queue_delay_seconds", "How long work lately waited for a processor", delay);
    let connections = shared.connections();
    out.gauge("segue_connections", "Open connections", connections);
    let most = shared.config.max_connections;
    out.gauge("segue_connections_max", "Connections above this number wait", most);
    let streams = shared.event_streams.load(Ordering::Relaxed);
    out.gauge("segue_event_streams", "Clients that are told of changes", streams);
}

fn recommendations(out: &mut Exposition, metrics: &Metrics) {
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    out.counter("segue_recommend_songs_total", "Songs in questions", count(&metrics.songs));
    let help = "Songs in questions that the model does not know";
    out.counter("segue_recommend_unknown_songs_total", help, count(&metrics.unknown_songs));
    let help = "Answers that popular songs had to fill up";
    out.counter("segue_recommend_fallbacks_total", help, count(&metrics.filled_up));
    let name = "segue_model_reloads_total";
    out.family(name, "counter", "Attempts to serve another model, by result");
    for (ended, result) in Reload::ALL {
        let counted = count(&metrics.reloads[ended as usize]);
        out.sample(name, &[("result", result)], counted);
    }
}

fn model(out: &mut Exposition, shared: &Shared) {
    let served = shared.live.get();
    let Some(served) = &*served else { return };
    let (model, metadata) = (served.model(), served.model().metadata());
    let labels = [
        ("id", &*model.id().to_string()),
        ("model_date", &*metadata.model_date.to_string()),
        ("miner_version", &*metadata.miner_version),
        ("dataset", &*metadata.dataset.id),
        ("dataset_sha256", &*metadata.dataset.sha256),
    ];
    out.info("segue_model_info", "The served model", &labels);
    let age = jiff::Timestamp::now().duration_since(metadata.model_date).as_secs_f64();
    out.gauge("segue_model_age_seconds", "Since the model was made", age);
    let served_for = served.since().elapsed().as_secs_f64();
    out.gauge("segue_model_served_seconds", "Since the model is served", served_for);
    let load = shared.metrics.load_in_nanoseconds.load(Ordering::Relaxed);
    let load = Duration::from_nanos(load).as_secs_f64();
    out.gauge("segue_model_load_seconds", "What reading and checking the model took", load);
    out.gauge("segue_model_bytes", "The size of the model's file", model.size());
    out.gauge("segue_model_tracks", "Tracks in the model", metadata.items);
    out.gauge("segue_model_playlists", "Playlists in the model", metadata.transactions);
    if let Some(evaluation) = metadata.evaluation {
        quality(out, evaluation, metadata.comparison.as_ref());
    }
}

/// What the model's dataset was worth when it was mined.
fn quality(out: &mut Exposition, evaluation: Evaluation, comparison: Option<&Comparison>) {
    let Evaluation { playlists, hit_rate, r_precision, ndcg, popular_hit_rate } = evaluation;
    let help = "Playlists that the dataset was judged by";
    out.gauge("segue_model_judged_playlists", help, playlists);
    let help = "The share of these for which one of ten recommendations was right";
    out.gauge("segue_model_hit_rate", help, hit_rate);
    let help = "The same of the most popular songs";
    out.gauge("segue_model_popular_hit_rate", help, popular_hit_rate);
    out.gauge("segue_model_r_precision", "Mean R-precision on these", r_precision);
    out.gauge("segue_model_ndcg", "Mean NDCG of 500 recommendations on these", ndcg);
    if let Some(comparison) = comparison {
        let help = "The hit rate on the playlists that the model before was judged by";
        out.gauge("segue_model_compared_hit_rate", help, comparison.hit_rate);
        let help = "The hit rate of the model before on the same playlists";
        out.gauge("segue_model_previous_hit_rate", help, comparison.current_hit_rate);
        let help = "Playlists of the model before";
        out.gauge("segue_model_previous_playlists", help, comparison.current_playlists);
        let help = "Tracks of the model before";
        out.gauge("segue_model_previous_tracks", help, comparison.current_items);
    }
}

/// What the system knows of the process, where it is one that tells (Linux).
fn process(out: &mut Exposition) {
    let Ok(statm) = std::fs::read_to_string("/proc/self/statm") else { return };
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    if let Some(pages) = pages {
        let bytes = pages * rustix::param::page_size() as u64;
        out.gauge("process_resident_memory_bytes", "Memory in use", bytes);
    }
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let seconds = time.tv_sec as f64 + time.tv_nsec as f64 / 1e9;
    out.counter("process_cpu_seconds_total", "Processor time used", seconds);
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        out.gauge("process_open_fds", "Open file descriptors", open.count());
    }
}
