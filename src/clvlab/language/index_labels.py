"""The labels of the index; slots in braces hold days, numbers and names."""

from __future__ import annotations

INDEX_LABELS: dict[str, dict[str, str]] = {
    "title": {"en": "Our customers at a glance", "zh": "客户经营概览"},
    "skip": {"en": "Skip to the reports", "zh": "跳到报告列表"},
    "data": {"en": "Records", "zh": "数据"},
    "as_of": {"en": "As of", "zh": "截止日期"},
    "money": {"en": "Money", "zh": "金额"},
    "reports": {"en": "Reports", "zh": "报告"},
    "failed": {"en": "Failed", "zh": "未能完成"},
    "all_reports": {"en": "All reports", "zh": "全部报告"},
    "nothing_yet": {
        "en": "No report has been made yet. This makes the first one:", "zh": "还没有报告。生成第一份报告：",
    },
    "not_told": {"en": "No report tells this yet.", "zh": "还没有报告给出这项结果。"},
    # What changed
    "since": {"en": "{difference} since {day}", "zh": "自{day}以来{difference}"},
    "same": {"en": "unchanged since {day}", "zh": "自{day}以来没有变化"},
    "within": {"en": "within the earlier 90% interval", "zh": "未超出此前的90%区间"},
    "beyond": {"en": "beyond the earlier 90% interval", "zh": "超出此前的90%区间"},
    "points": {"en": "{number} points", "zh": "{number}个百分点"},
    "changed": {"en": "What changed since {day}?", "zh": "自{day}以来有哪些变化？"},
    "first_month": {
        "en": "No batch was run the month before. What stands here for {day} is what it would have said, read from "
              "today's records.",
        "zh": "上个月没有运行批次。此处{day}的数字根据今天的数据推算，即当时报告会给出的结果。",
    },
    "no_month_before": {
        "en": "The records hold nothing a month earlier, so there is nothing to compare with.",
        "zh": "数据中没有上个月的记录，无法比较。",
    },
    "not_compared": {
        "en": "What changed since last month could not be worked out:", "zh": "无法计算与上个月相比的变化：",
    },
    "only_batch": {
        "en": "What changed since last month is worked out by clvlab batch.",
        "zh": "与上个月相比的变化由 clvlab batch 计算。",
    },
    "figure": {"en": "Figure", "zh": "指标"},
    "change": {"en": "Change", "zh": "变化"},
    "new_customers": {"en": "Customers known today that were not on {day}: {count}.",
                      "zh": "自{day}以来新增{count}家客户。"},
    "moves": {"en": "Who changed tier?", "zh": "哪些客户的等级变了？"},
    "moves_told": {
        "en": "{up} went up, {down} down, {stayed} stayed; those of the highest value come first. Tiers are reviewed "
              "at the end of a quarter and change only when the points pass a cut by a band; points are those with "
              "which each tier was got.",
        "zh": "升级{up}家，降级{down}家，不变{stayed}家，按价值从高到低排列。等级在季度末评定，"
              "得分越过分界线且超出缓冲带时才改变；所列得分为取得各等级时的得分。",
    },
    "retold": {
        "en": "In another tier than was said on {day} without having moved, since cuts were learnt anew or records "
              "restated: {count}.",
        "zh": "另有{count}家客户的等级与{day}所报不同，但并非自身变动，而是分界线重新划定或数据更正所致。",
    },
    "up": {"en": "up", "zh": "升"},
    "down": {"en": "down", "zh": "降"},
    "customer": {"en": "Customer", "zh": "客户"},
    "tier_before": {"en": "Tier on {day}", "zh": "{day}的等级"},
    "tier": {"en": "Tier today", "zh": "现在的等级"},
    "scored": {"en": "Points", "zh": "得分"},
    "value": {"en": "Value, {unit}", "zh": "价值（{unit}）"},
    "new_names": {"en": "Who is new on the watch list?", "zh": "预警名单上有哪些新客户？"},
    "new_names_told": {
        "en": "Of the first {first} to call, not among them on {day}: {count}.",
        "zh": "优先联系的前{first}家客户中，有{count}家在{day}时不在其中。",
    },
    "place": {"en": "Place", "zh": "名次"},
    "place_before": {"en": "Place then", "zh": "当时名次"},
    "at_stake": {"en": "Margin at stake, {unit}", "zh": "可能流失的毛利（{unit}）"},
    "likely_cause": {"en": "Likely cause", "zh": "可能原因"},
    "more": {"en": "{count} more in the files:", "zh": "另有{count}行，见文件："},
    "restated": {"en": "What does {day} look like on today's records?", "zh": "按今天的数据，{day}的数字是多少？"},
    "restated_told": {
        "en": "Records of past days are corrected and completed later. Left: what was reported then; right: the same "
              "day, read from today's records.",
        "zh": "过去的记录之后会更正和补录。左边是当时报告的数字，右边是按今天的数据重算的同一天的数字。",
    },
    "restated_same": {"en": "The records are the same as then, and so are the figures.",
                      "zh": "数据与当时相同，数字也没有变化。"},
    "reported": {"en": "As reported", "zh": "当时报告"},
    "today": {"en": "On today's records", "zh": "按今天的数据"},
    "restated_names": {
        "en": "Customers in another tier than was reported: {moved}; new among the first {first} to call: {listed}.",
        "zh": "有{moved}家客户的等级与当时报告不同，优先联系的前{first}家中有{listed}家不同。",
    },
    "other_method": {
        "en": "Assumptions or clvlab itself changed in between: a part of the change is theirs.",
        "zh": "其间假设参数或 clvlab 版本有变动，部分变化由此引起。",
    },
    # Last year's forecasts
    "came_true": {"en": "Did last year's forecasts come true?", "zh": "去年的预测准吗？"},
    # The list of reports
    "find": {"en": "Find", "zh": "查找"},
    "find_hint": {"en": "question, account, figure", "zh": "问题、客户、指标"},
    "sort": {"en": "Sort by", "zh": "排序"},
    "by_order": {"en": "Reading order", "zh": "阅读顺序"},
    "by_title": {"en": "Title", "zh": "标题"},
    "by_status": {"en": "Failed first", "zh": "未完成的在前"},
    "by_figure": {"en": "Figure, highest first", "zh": "指标（从高到低）"},
    "shown": {"en": "{shown} of {all} shown", "zh": "显示{shown}份，共{all}份"},
    "status_current": {"en": "Current", "zh": "最新"},
    "status_other_records": {"en": "Made on other records", "zh": "基于不同的数据"},
    "status_failed": {"en": "Failed", "zh": "未能完成"},
    "status_damaged": {"en": "Damaged", "zh": "文件损坏"},
    "damaged_told": {"en": "Its result.json cannot be read; run the report again.",
                     "zh": "无法读取 result.json，请重新生成报告。"},
    "status_apart": {"en": "Not of the last batch", "zh": "不属于最近一次批次"},
    "others": {"en": "Other reports, not of the last batch: {count}", "zh": "另有{count}份报告，不属于最近一次批次"},
    "others_told": {
        "en": "An earlier batch asked for them, or they were made singly; they are left as they were made. Remove a "
              "report's folder to take it off this page.",
        "zh": "由较早的批次要求，或单独生成，内容保持当时原样。删除报告所在的文件夹，即可将其从本页移除。",
    },
    "traceback": {"en": "Traceback", "zh": "错误详情"},
    "page": {"en": "Page", "zh": "网页"},
    "notebook": {"en": "Notebook", "zh": "笔记本"},
    # Lists as files
    "list_tier_moves": {"en": "changes of tier", "zh": "等级变动"},
    "list_new_on_watch_list": {"en": "new on the watch list", "zh": "预警名单新增"},
    "list_headlines": {"en": "headline figures of all reports", "zh": "所有报告的关键指标"},
    "list_watch_list": {"en": "watch list", "zh": "预警名单"},
    "list_accounts": {"en": "accounts", "zh": "客户一览"},
    "list_actions": {"en": "accounts to act on", "zh": "行动名单"},
    "list_lots": {"en": "whom the lot held back", "zh": "抽签分组"},
    "list_win_back": {"en": "accounts to win back", "zh": "赢回名单"},
    "list_next_steps": {"en": "next steps", "zh": "下一步行动"},
    "language_en": {"en": "English", "zh": "English"},
    "language_zh": {"en": "中文", "zh": "中文"},
}  # fmt: skip


def index_labels(language: str) -> dict[str, str]:
    """Return every label of the index in ``language``, ``"en"`` or ``"zh"``.

    Examples
    --------
    >>> index_labels("en")["since"].format(difference="+3 customers", day="2025-11-30")
    '+3 customers since 2025-11-30'
    """
    return {name: texts[language] for name, texts in INDEX_LABELS.items()}
