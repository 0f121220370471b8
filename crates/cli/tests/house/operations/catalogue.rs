//! What everybody may read: concerts, shows, ticket types, seats, health, figures.

use super::tour::{Tour, Who};

pub(super) fn look(tour: &mut Tour<'_>) {
    let nobody = Who::default();
    assert_eq!(tour.read(&nobody, "/health/live")["status"], "live");
    assert_eq!(tour.read(&nobody, "/health/ready")["status"], "ready");
    let figures = tour.ask(&nobody, "GET /metrics", "");
    assert_eq!(figures.status, 200);

    tour.read_unchanged(&nobody, "/api/v1/concerts?limit=2");
    tour.read_unchanged(&nobody, "/api/v1/concerts/concert_1");
    tour.read_unchanged(&nobody, "/api/v1/shows/show_1");
    let shows = tour.read(&nobody, "/api/v1/concerts/concert_1/shows");
    assert_eq!(shows["data"].as_array().unwrap().len(), 2);
    assert_eq!(shows["data"][0]["opens_at"]["time_zone"], "Asia/Seoul");
    tour.read_unchanged(&nobody, "/api/v1/shows/show_1/ticket-types");
    let types = tour.read(&nobody, "/api/v1/shows/show_1/ticket-types");
    assert_eq!(
        (&types["data"][0]["left"], &types["data"][0]["state"]),
        (&1_000.into(), &"available".into())
    );

    for (path, code) in [
        ("/api/v1/concerts/concert_999", "NOT_FOUND"),
        ("/api/v1/concerts/concert_999/shows", "NOT_FOUND"),
        ("/api/v1/concerts/show_1", "NOT_FOUND"),
        ("/api/v1/shows/show_999", "NOT_FOUND"),
        ("/api/v1/shows/show_999/ticket-types", "NOT_FOUND"),
        ("/api/v1/shows/show_999/seats", "NOT_FOUND"),
    ] {
        tour.refused(&nobody, &format!("GET {path}"), "", (404, code));
    }
    for query in ["limit=0", "limit=201", "limit=x", "after=nonsense", "date=soon", "from=x", "a=b"]
    {
        let what = format!("GET /api/v1/concerts?{query}");
        tour.refused(&nobody, &what, "", (400, "INVALID_REQUEST"));
    }
    let seats = "GET /api/v1/shows/show_1/seats";
    tour.refused(&nobody, seats, "", (401, "UNAUTHENTICATED"));
    let mut ann = tour.buyer();
    tour.refused(&ann, seats, "", (403, "ADMISSION_REQUIRED"));
    tour.let_in(&mut ann);
    tour.read_unchanged(&ann, "/api/v1/shows/show_1/seats");
}
