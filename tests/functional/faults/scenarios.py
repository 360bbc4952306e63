"""All that is disturbed: commands as the services carry them out, each with the state that it starts from."""

from __future__ import annotations

from collections.abc import Mapping

from tests.functional.faults.build_scenarios import BUILD_SCENARIOS
from tests.functional.faults.hook_scenarios import HOOK_SCENARIOS
from tests.functional.faults.index_scenarios import INDEX_SCENARIOS
from tests.functional.faults.project_scenarios import PROJECT_SCENARIOS
from tests.functional.faults.scenario import Scenario
from tests.functional.faults.store_scenarios import STORE_SCENARIOS

SCENARIOS: Mapping[str, Scenario] = {
    **STORE_SCENARIOS,
    **PROJECT_SCENARIOS,
    **HOOK_SCENARIOS,
    **INDEX_SCENARIOS,
    **BUILD_SCENARIOS,
}
"""By name."""
