"""What counts as churn: by contract, by silence of fixed length, by silence beyond the own rhythm, by volume."""

from clvlab.features.churn_definitions.churn_events import ChurnEvents
from clvlab.features.churn_definitions.contract_end import contract_ends
from clvlab.features.churn_definitions.rhythm import Rhythm, rhythm
from clvlab.features.churn_definitions.silence import fixed_silence
from clvlab.features.churn_definitions.volume import volume_fall

__all__ = ["ChurnEvents", "Rhythm", "contract_ends", "fixed_silence", "rhythm", "volume_fall"]
