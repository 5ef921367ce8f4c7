"""The kernel and its plain-Python twin over random scenes: identical to the last bit."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.kernel.arrays import kernel_run
from tests.kernel.random_scenes import calm_scenes, scenes
from tests.kernel.scene import Scene
from tests.kernel.twins import assert_same, run_twin, twin_run

SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much]


@settings(max_examples=250, suppress_health_check=SLOW)
@given(scene=scenes(), cut=st.floats(0.0, 1.0))
def test_the_kernel_and_its_twin_are_identical(scene: Scene, cut: float) -> None:
    """At the end, and on the way: orders under way are state, too."""
    assert_identical(scene, cut)


@settings(max_examples=150, suppress_health_check=SLOW)
@given(scene=calm_scenes(), cut=st.floats(0.0, 1.0))
def test_minutes_that_are_passed_over_leave_what_a_step_would(scene: Scene, cut: float) -> None:
    assert_identical(scene, cut)


def assert_identical(scene: Scene, cut: float) -> None:
    kernel, twin = kernel_run(scene), twin_run(scene)
    half = max(int(cut * len(scene.taus)), 1)
    for first, last in ((0, half), (half, len(scene.taus))):
        kernel.run_to(last)
        run_twin(twin, scene, first, last)
        assert_same(kernel, twin)
