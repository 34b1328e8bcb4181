import pytest

from node.sim.link import Link, LinkSpec, exponential_ppm, wire_bytes

FAST = 10**15


def spec(**changes):
    values = {
        "base_us": 1_000,
        "jitter": "constant",
        "jitter_mean_us": 0,
        "bandwidth_bps": FAST,
        "loss_ppm": 0,
    }
    return LinkSpec(**(values | changes))


@pytest.mark.parametrize(("payload", "wire"), [(0, 26), (16_380, 16_406), (16_381, 16_429)])
def test_a_frame_carries_its_prefix_and_a_header_for_each_record(payload, wire):
    assert wire_bytes(payload) == wire


def test_a_frame_arrives_after_the_propagation_time():
    assert Link(1, "a", "b", spec()).arrival(500, 16, 100) == 1_500


def test_a_second_frame_waits_for_the_first_to_leave():
    link = Link(1, "a", "b", spec(bandwidth_bps=8_000_000))
    assert link.arrival(0, 16, 974) == 1_000 + 1_000
    assert link.arrival(0, 16, 974) == 2_000 + 1_000


def test_frames_of_one_link_arrive_in_the_order_they_were_sent():
    link = Link(3, "a", "b", spec(jitter="exponential", jitter_mean_us=50_000, loss_ppm=200_000))
    arrivals = [link.arrival(t * 100, 16 + t % 3, 200) for t in range(300)]
    assert arrivals == sorted(set(arrivals))


def test_a_certain_loss_costs_every_retransmission_and_then_arrives():
    link = Link(1, "a", "b", spec(loss_ppm=1_000_000))
    delays = 200_000 * (1 + 2 + 4 + 8 + 16 + 32)
    assert link.arrival(0, 16, 10) == 1_000 + delays


def test_losses_happen_as_often_as_the_link_says():
    link = Link(7, "a", "b", spec(loss_ppm=100_000))
    late = 0
    for n in range(5_000):
        now = n * 100_000_000
        late += link.arrival(now, 16, 10) > now + 1_000
    assert 400 < late < 600


def test_the_draws_of_one_type_do_not_depend_on_the_other_types():
    plain = Link(1, "a", "b", spec(jitter="uniform", jitter_mean_us=400))
    mixed = Link(1, "a", "b", spec(jitter="uniform", jitter_mean_us=400))
    wants = [plain.arrival(t * 10_000, 16, 10) for t in range(20)]
    got = []
    for t in range(20):
        mixed.arrival(t * 10_000 - 5_000, 17, 10)
        got.append(mixed.arrival(t * 10_000, 16, 10))
    assert got == wants


def test_another_seed_draws_another_jitter():
    arrivals = {
        Link(seed, "a", "b", spec(jitter="exponential", jitter_mean_us=10**6)).arrival(0, 16, 10)
        for seed in range(5)
    }
    assert len(arrivals) == 5


def test_the_exponential_variate_runs_from_zero_to_its_cap():
    assert exponential_ppm(0) == 0
    assert exponential_ppm(2**64 - 1) <= 8_317_767
    assert exponential_ppm(2**63) == 693_147
