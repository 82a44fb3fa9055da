"""How good the service is: indicators over all tables, months out of control, complaints, enquiries, waiting goods."""

from clvlab.features.service.complaints import complaint_costs, complaint_times, repeat_complainers
from clvlab.features.service.control_chart import ControlChart, control_chart, out_of_limits
from clvlab.features.service.dwell import dwell_hours, who_let_it_stand
from clvlab.features.service.enquiries import enquiry_times, hand_offs, needless_enquiries
from clvlab.features.service.levels import failure_shares, levels_today
from clvlab.features.service.recovery import recurrence, satisfaction_after_recovery
from clvlab.features.service.service_kpis import service_kpis

__all__ = [
    "ControlChart", "complaint_costs", "complaint_times", "control_chart", "dwell_hours", "enquiry_times",
    "failure_shares", "hand_offs", "levels_today", "needless_enquiries", "out_of_limits", "recurrence",
    "repeat_complainers", "satisfaction_after_recovery", "service_kpis", "who_let_it_stand",
]  # fmt: skip
