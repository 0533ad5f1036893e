//! The list of sites, and what it leaves alone.

#![cfg(test)]

#[expect(dead_code, reason = "these tests need a part of it")]
mod ground;

use ground::{Ground, SITES};
use yujie_domain::SiteId;
use yujie_domain::site::{Closure, Site};
use yujie_import::Report;
use yujie_table::site;

#[tokio::test]
async fn a_site_with_hours_that_mean_nothing_is_passed_over_and_the_list_of_rejects_says_why() {
    let library = Ground::new().await;
    let list = "id,name,kind,lat,lng,opening_hours,holds_stock,capacity\n\
                R01,潘家园,reading_room,39.87,116.46,周一至周五 09:00-17:00,0,30\n\
                R02,甜水园,reading_room,39.92,116.48,Mo-Fr 9-17,0,\n\
                R03,大屯里,reading_room,40.00,116.42,,0,\n\
                R04,东坝,reading_room,39.96,116.54,\"Mo-Fr 09:00-12:00,13:00-17:00; We off\",0,many\n\
                M01,国贸,self_service_24h,39.90,116.45,24小时开放,0,\n";
    let mut report = Report::new(Some(&library.rejects())).unwrap();

    library.importer.sites(&library.file("sites.csv", list), &mut report).await.unwrap();

    let summary = report.finish();
    assert_eq!((summary.read, summary.loaded, summary.rejected), (5, 2, 3));
    let rejects = std::fs::read_to_string(library.rejects()).unwrap();
    let lines: Vec<&str> = rejects.lines().skip(1).collect();
    for (line, site, said) in [
        (lines[0], "line 3,R02", "opening_hours: not a valid opening_hours: a time is written like 09:00"),
        (lines[1], "line 4,R03", "opening_hours is empty"),
        (lines[2], "line 5,R04", "capacity: no number from 0 to 65535"),
    ] {
        assert!(line.contains(site) && line.contains(said), "{line}");
    }
    let loaded: Vec<(String, String, Option<u16>)> = site::all(&library.table)
        .await
        .unwrap()
        .into_iter()
        .map(|site| (site.id.to_string(), site.opening_hours.to_string(), site.capacity))
        .collect();
    assert_eq!(
        loaded,
        [
            ("M01".to_owned(), "24/7".to_owned(), None),
            ("R01".to_owned(), "Mo-Fr 09:00-17:00".to_owned(), Some(30))
        ]
    );
}

#[tokio::test]
async fn a_list_that_is_loaded_again_leaves_the_days_that_staff_closed_a_site() {
    let library = Ground::new().await;
    library.load_sites().await;
    let id = SiteId::parse("L01").unwrap();
    let kept = site::get_versioned(&library.table, &id).await.unwrap().unwrap();
    let day = |text: &str| text.parse().unwrap();
    let closure = Closure::new(day("2027-02-05"), day("2027-02-11"), "春节放假").unwrap();
    let closed = Site { closures: vec![closure.clone()], capacity: Some(5), ..kept.site };
    assert_eq!(site::store(&library.table, &closed, kept.version).await.unwrap(), site::Stored::Now(2));

    let list = SITES.replace("亚运村分馆", "亚运村馆").replace("24/7,1", "Tu-Su 09:00-20:00,1");
    let mut report = Report::new(None).unwrap();
    library.importer.sites(&library.file("sites.csv", list), &mut report).await.unwrap();

    let loaded = site::get_versioned(&library.table, &id).await.unwrap().unwrap();
    assert_eq!((loaded.site.name.as_str(), loaded.site.capacity), ("亚运村馆", None));
    assert_eq!(loaded.site.opening_hours.to_string(), "Tu-Su 09:00-20:00");
    assert_eq!(loaded.site.closures, [closure]);
    assert_eq!(loaded.version, 3, "who saw the site before the list came looks again");
    assert_eq!(site::store(&library.table, &closed, 2).await.unwrap(), site::Stored::Overtaken);
}
