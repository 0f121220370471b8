//! Whether a schedule can be kept: a fault on somebody whom a run does not have would do nothing, and
//! look as if it had been survived.

use super::{Deed, Fault};
use crate::Trouble;
use crate::crew::missing;
use crate::machine::listener_at;
use crate::services::Service;
use crate::urls::without_secrets;
use std::net::SocketAddr;

/// Refuses a schedule that names whom the run does not have. A house elsewhere has no instances that
/// could be hurt, and tells of no services.
pub(crate) fn must_be_possible(
    faults: &[Fault],
    instances: Option<usize>,
    services: &[Service],
) -> Result<(), Trouble> {
    faults.iter().try_for_each(|fault| {
        let shown = without_secrets(&fault.text);
        let wrong = |why: String| Trouble::Impossible(format!("--fault {shown}: {why}"));
        why_not(&fault.deed, instances, services).map_or(Ok(()), |why| Err(wrong(why)))
    })
}

/// Why a deed cannot be done to anybody of the run.
fn why_not(deed: &Deed, instances: Option<usize>, services: &[Service]) -> Option<String> {
    let Some(instances) = instances else {
        let is_ours = !matches!(deed, Deed::Run(_));
        return is_ours.then(|| "the house runs elsewhere".to_owned());
    };
    match deed {
        Deed::Kill(number)
        | Deed::Restart(number)
        | Deed::Pause(number, _)
        | Deed::Jump(number, ..) => {
            (*number >= instances).then(|| missing(*number, instances).to_string())
        }
        Deed::KillService(number) | Deed::PauseService(number, _) => {
            let nobody =
                |at| format!("no process of this machine listens at {at} that may be hurt");
            let at = match address(*number, services) {
                Ok(at) => at,
                Err(why) => return Some(why),
            };
            listener_at(at).is_none().then(|| nobody(at))
        }
        Deed::RestartService(number, _) => address(*number, services).err(),
        Deed::Cut(number) | Deed::Slow(number, ..) => {
            let bypassed = || services.get(*number)?.why_no_proxy().map(str::to_owned);
            address(*number, services).err().or_else(bypassed)
        }
        Deed::FillDisk(_) | Deed::Run(_) => None,
    }
}

/// Where a service listens; why it cannot be hurt, if nobody knows.
fn address(number: usize, services: &[Service]) -> Result<SocketAddr, String> {
    let one = number + 1;
    let Some(service) = services.get(number) else {
        return Err(format!("there is no service-{one}: the run has {}", services.len()));
    };
    let lost = || format!("nobody knows where service-{one} of {} listens", service.variable);
    service.address.ok_or_else(lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_that_names_whom_the_run_does_not_have_is_refused() {
        let here = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let services = [
            Service::at("ADMITONE_STORE", here.local_addr().ok()),
            Service::at("ADMITONE_REDIS", Some(nobody)),
            Service::at("ADMITONE_KAFKA", Some(nobody)),
            Service::at("ADMITONE_KAFKA", None),
        ];
        let refused = |text: &str, instances| {
            let faults = ["1s:run:true".parse().unwrap(), text.parse().unwrap()];
            must_be_possible(&faults, instances, &services).err().map(|trouble| trouble.to_string())
        };
        for possible in [
            "1s:kill:instance-2",
            "1s:pause:service-1:1s",
            "1s:restart:service-2:true",
            "1s:cut:service-2",
            "1s:fill-disk:data:1s",
        ] {
            assert_eq!(refused(possible, Some(2)), None);
        }
        let why = refused("1s:kill:instance-3", Some(2)).unwrap();
        assert_eq!(why, "--fault 1s:kill:instance-3: there is no instance-3: the run has 2");
        for impossible in [
            "1s:restart:instance-3",
            "1s:pause:instance-3:1s",
            "1s:jump:instance-3:1s",
            "1s:kill:service-2",
            "1s:pause:service-5:1s",
            "1s:restart:service-5:true",
            "1s:cut:service-5",
            "1s:slow:service-5:1ms:1s",
            "1s:restart:service-4:true",
        ] {
            assert!(refused(impossible, Some(2)).is_some(), "{impossible}");
        }
        for bypassed in ["1s:cut:service-3", "1s:slow:service-3:1ms:1s"] {
            assert!(refused(bypassed, Some(2)).unwrap().contains("Kafka"), "{bypassed}");
        }
        for elsewhere in ["1s:kill:instance-1", "1s:cut:service-1", "1s:fill-disk:data:1s"] {
            assert!(refused(elsewhere, None).unwrap().contains("elsewhere"), "{elsewhere}");
        }
        assert_eq!(refused("1s:run:true", None), None);
    }
}
