"""The words by which providers call our columns, units and values, and how surely one name means another.

Names are compared without case, spaces, punctuation and plural, and with words of one meaning (``no``,
``nr``, ``code`` and ``id``; ``dt``, ``time`` and ``date``) taken for one another.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from difflib import SequenceMatcher
from functools import lru_cache

from clvlab.records.contracts import TABLES

# How sure a name is: our own, a synonym, a weak synonym; below LEAST it is no evidence.
OWN_NAME, SYNONYM, WEAK, LEAST = 1.0, 0.95, 0.6, 0.45
_PART, _WEAK_PART, _SIMILAR, _ALIKE = 0.85, 0.5, 0.7, 0.82

_SAME_WORDS = """
id: # no nr num number code key ref reference nummer
date: dt datetime time timestamp datum
customer: cust client kunde kunden
delivery: delivered deliver dlv dlvry deliv
planned: plan expected exp scheduled sched estimated est promised requested required target due
amount: amt betrag
destination: dest
origin: orig
weight: wt wgt gewicht
quantity: qty
invoice: inv
shipment: ship shipped shipping shpt shp
actual: act real
dispatch: dispatched despatch departure departed depart
arrival: arrived arrive
pickup: collection collected
booking: booked
order: ordered
carrier: haulier forwarder
description: desc
"""


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FILLERS = {"in", "of", "the", "for", "a"}
_PLANNED = _set("planned eta etd deadline 预计 计划 应 要求 约定 承诺 最晚 到期 soll geplant")
_ACTUAL = _set("actual ata atd 实际")
# A name that goes on like this speaks of something about the thing, not of the thing.
_ASIDE = _set("unit type statu currency uom remark note user description reason")
_PERSONAL = re.compile(
    r"phone|mobile|\btel\b|telefon|\be ?mail|contact (name|person)|passport|birth|ansprechpartner"
    r"|手机|电话|邮箱|邮件|身份证|联系人|联系方式|收货人姓名|微信",
    re.IGNORECASE,
)

_MASS = {"kg": 1, "t": 1000, "lb": 0.45359237, "g": 0.001, "oz": 0.028349523125}
_LENGTH = {"km": 1, "mi": 1.609344, "m": 0.001}
_UNIT_NAMES = {
    "kg": "kg kgs kilo kilos kilogram kilograms 公斤 千克", "t": "t ton tons tonne tonnes mt 吨",
    "lb": "lb lbs pound pounds 磅", "g": "g gram grams 克", "oz": "oz ounce ounces",
    "km": "km kms kilometer kilometers kilometre kilometres 公里 千米", "mi": "mi mile miles 英里",
    "m": "m meters metres 米",
}  # fmt: skip
_MONEY = {"万元": 10_000, "千元": 1000, "teur": 1000, "tsd": 1000}
_SHARE = {"%": 0.01, "percent": 0.01, "pct": 0.01, "prozent": 0.01}


def _named(units: Mapping[str, float]) -> dict[str, float]:
    return {name: factor for unit, factor in units.items() for name in _UNIT_NAMES[unit].split()}


# From the contract's unit to the words for it and its kin, and what one of them makes in the contract's unit.
UNITS: dict[str, dict[str, float]] = {
    "kg": _named(_MASS), "kg a month": _named(_MASS), "km": _named(_LENGTH),
    "currency": dict(_MONEY), "currency a year": dict(_MONEY), "share": _SHARE, "share a year": _SHARE,
}  # fmt: skip
CURRENCIES = {
    word: code
    for code, group in {
        "EUR": "eur euro € teur", "USD": "usd us$ $ dollar", "GBP": "gbp £", "INR": "inr ₹ rs", "CHF": "chf",
        "CNY": "cny rmb ¥ ￥ 元 万元 千元 人民币",
        "JPY": "jpy", "KRW": "krw ₩", "SEK": "sek", "PLN": "pln zł",
        "CZK": "czk", "HKD": "hkd hk$", "SGD": "sgd s$", "AUD": "aud a$", "CAD": "cad c$", "BRL": "brl r$",
    }.items()
    for word in group.split()
}  # fmt: skip

TRUE_WORDS = _set(
    "true t yes y 1 1.0 x ja j wahr oui si on 是 对 有 √ ✓ 真 delivered completed complete done ok"
    " 已完成 已签收 完成 正常 g green"
)
FALSE_WORDS = _set(
    "false f no n 0 0.0 nein falsch non off 否 无 没有 × 假 cancelled canceled failed incomplete"
    " 未完成 已取消 取消 异常 未签收 r red"
)
_CHOICE_WORDS = """
shipper: sender consignor 发货人 发货方 托运人
consignee: receiver recipient 收货人 收货方
both: 双方
channel: reseller 渠道
basic: standard 基础 基本 普通
value-added: valueadded vas 增值 增值服务
own: us internal provider 我方 自身 公司 内部
carrier: haulier driver transporter 承运商 承运人 司机
customs: 海关 报关
customer: client 客户
freight: transport haulage shipping fracht 运费 运输费
surcharge: fuel extra 附加费 燃油费 杂费
tax: vat gst steuer mwst 税 税费 增值税
credit note: creditnote credit cn gutschrift 贷项 红字 红冲
visit: meeting besuch 拜访 上门
call: phone telephone anruf 电话
enquiry: inquiry anfrage 咨询 查询 查货
quote: quotation angebot 报价
price notice: priceincrease 调价通知 涨价通知
new: neukunde 新客户 新
cross-sell: upsell 交叉销售
renewal: renew 续约 续签
financial: 财务
social: 社会
structural: 结构性 结构
"""

# By table and column, what others call it; "@customer" stands for the shared words of that name. A question
# mark makes a word weak: it may mean the column, and often means something else.
_SPOKEN = """
[shared]
@customer: customer id, customer, account id?, client?, shipper id?, shipper?, consignor?, company id?,
  payer id?, buyer id?, customer name?, company?, kundennummer, kunden id, kundencode, kunde, auftraggeber?,
  客户编号, 客户编码, 客户代码, 客户id, 客户号, 客户, 客户名称?, 托运人?, 发货方?, 发货单位?, 货主?
@shipment: shipment id, order id, booking id, consignment id, consignment note, waybill id, waybill, awb,
  bill lading, tracking id, trip id, job id, load id, delivery id?, order?, shipment?, auftragsnummer,
  sendungsnummer, frachtbrief, auftrag?, sendung?, 运单号, 运单编号, 订单号, 订单编号, 单号?, 快递单号,
  托运单号, 运单?, 业务单号
@channel: channel, source, lead source, medium?, kanal, 渠道, 来源
@cost: cost, cost amount, expense, kosten, 成本, 费用
@responsible: responsible party, responsible, fault party, liable party, verantwortlich, 责任方, 责任归属
[shipments]
shipment_id: @shipment
customer_id: @customer
booked_at: order date, booking date, booking id date, order placed date, order created date, created date,
  creation date, created?, purchase date, entry date?, date?, shipment date?, auftragsdatum, bestelldatum,
  buchungsdatum, 下单时间, 下单日期, 订单日期, 订单时间, 订单创建时间, 创建时间, 开单时间, 开单日期,
  受理时间, 录单时间, 日期?
consignee_id: consignee id, consignee, receiver id, receiver, recipient, ship to, ship to id, empfaenger,
  收货方, 收货单位, 收货客户, 收件方
carrier_id: carrier id, carrier, transporter, trucking company, vendor id?, supplier id?, vendor?,
  supplier?, spediteur, frachtfuehrer, 承运商, 承运人, 承运商编号, 供应商?
service: service, service type, service level, product?, mode?, transport mode?, shipment mode?, leistung?,
  服务类型, 服务产品, 产品类型, 运输方式?, 业务类型?
service_category: service category, service class, 服务类别
origin: origin, origin location, origin city, from, from city, from location, source location, pickup city,
  pickup location, loading place, loading point, departure city, sender city, source?, startort, abgangsort,
  ladeort, versandort, absenderort, von, 始发地, 起运地, 发货地, 发货城市, 出发地, 始发站, 起始地, 发站,
  装货地
destination: destination, destination location, destination city, to, to city, to location, delivery city,
  delivery location, drop location, unloading place, unloading point, consignee city, receiver city,
  zielort, empfangsort, entladeort, lieferort, nach, 目的地, 到达地, 收货地, 收货城市, 目的站, 到站, 卸货地,
  目的城市
distance_km: distance, distance km, mileage, kilometer, transport distance, route length, km?, mile?,
  entfernung, strecke, distanz, 里程, 距离, 运输距离, 公里数, 运距
dispatch_due_at: dispatch due date, planned dispatch date, planned pickup date, planned shipment date,
  planned loading date, etd, 计划发货时间, 预计发货时间, 要求发货时间, 计划提货时间
dispatched_at: dispatch date, shipment date, shipped date, pickup date, actual pickup date,
  actual dispatch date, loading date?, trip start date, departure date, atd, start date?, versanddatum,
  abholdatum, abfahrt, ladedatum, 发货时间, 发货日期, 发车时间, 提货时间, 出库时间, 揽收时间, 起运时间,
  实际发货时间, 发运时间
arrived_at: arrival date, arrived depot date, depot arrival, hub arrival, actual arrival date, reached date,
  trip end date?, end date?, ankunft, ankunftsdatum, 到达时间, 到货时间, 到站时间, 到车时间, 实际到达时间
delivery_due_at: delivery due date, planned delivery date, planned eta, eta, delivery deadline,
  planned arrival date, due date, planned date?, deadline, commit date?, liefertermin, lieferfrist,
  预计到达时间, 预计送达时间, 计划送达时间, 计划到达时间, 要求送达时间, 要求到货时间, 约定送达时间,
  应到时间, 预计签收时间, 承诺送达时间
delivered_at: delivery date, actual delivery date, actual eta, ata, signed date, receipt date,
  received date?, completion date?, actual arrival date?, trip end date?, end date?, zustelldatum,
  lieferdatum, zugestellt, 签收时间, 签收日期, 送达时间, 妥投时间, 交货日期, 实际送达时间, 交付时间,
  收货时间
pod_due_at: pod due date, pod planned date, 计划回单时间, 应回单时间
pod_returned_at: pod returned date, pod date, pod received date, pod return date, 回单时间, 返单时间,
  回单日期, 返单日期
revenue: revenue, sale, sale amount, freight charge, freight revenue, freight, price, charge, net amount,
  billed amount, turnover, amount?, total?, total amount?, umsatz, erloes, nettobetrag, frachterloes,
  betrag, preis?, 收入, 运费, 应收, 应收运费, 营业额, 金额?, 总金额?, 费用合计?
direct_cost: direct cost, cost, carrier cost, transport cost, freight cost, purchase price, buy rate,
  kosten, frachtkosten, 成本, 运输成本, 承运成本, 应付运费, 外包成本
rebate: rebate, discount, rabatt, 折扣, 返利, 优惠
claim_paid: claim paid, claim amount, claim, compensation, schaden, 理赔金额, 赔付金额, 赔款
weight: weight, gross weight, chargeable weight, billable weight, total weight, net weight?, tonnage, kg?,
  bruttogewicht, 重量, 毛重, 计费重量, 总重量, 货重, 吨数, 吨位?
pieces: piece, package, parcel, carton, pallet?, unit?, quantity, packstuecke, colli, kolli, anzahl?, 件数,
  数量, 总件数, 箱数
damaged_pieces: damaged piece, damaged quantity, damaged unit, damage, 破损件数, 货损件数, 破损数量
urgent: urgent, express?, rush, priority?, expedited, eilig, eilauftrag, 加急, 是否加急, 急单, 是否急单,
  紧急
completed: completed, complete, delivered?, order status?, status?, erledigt, 是否完成, 完成, 状态?,
  签收状态?, 订单状态?
refused: refused, rejected, turned down, abgelehnt, 拒单, 是否拒单
responsible_party: @responsible
[invoices]
invoice_id: invoice id, bill id, document id?, doc id?, transaction id?, voucher id, invoice?,
  rechnungsnummer, belegnummer, rechnungsnr, 发票号, 发票号码, 账单号, 发票编号, 单据号?
customer_id: @customer, bill to, bill to id, 付款方?, 购方名称?
issued_on: invoice date, issued date, issue date, bill date, billing date, document date, posting date?,
  transaction date?, purchase date?, order date?, date?, rechnungsdatum, belegdatum, 开票日期, 发票日期,
  账单日期, 开票时间, 日期?
amount: amount, invoice amount, net amount, invoice total, total, total amount, invoice value, value?, net?,
  charge?, price?, revenue?, sale?, betrag, nettobetrag, rechnungsbetrag, summe?, netto?, 金额, 发票金额,
  开票金额, 应收金额, 不含税金额, 账单金额, 总金额, 合计?, 价税合计?
kind: kind, invoice type, document type, charge type, line type, rechnungsart, 发票类型, 费用类型, 费用项目
currency: currency, currency id, curr, waehrung, 币种, 货币
due_on: due date, payment due date, maturity date, faellig, faelligkeit, faelligkeitsdatum, faellig am,
  到期日, 到期日期, 应付日期, 付款期限, 应收日期
paid_on: paid date, payment date, settled date, settlement date, cleared date, clearing date,
  received date?, bezahlt, bezahlt am, zahlungsdatum, 付款日期, 收款日期, 回款日期, 结算日期, 到账日期
disputed: disputed, dispute, in dispute, contested, strittig, 争议, 是否争议, 有争议
corrected_on: corrected date, correction date, 更正日期, 红冲日期
[complaints]
complaint_id: complaint id, ticket id, case id, claim id, complaint?, incident id, reklamationsnummer,
  投诉编号, 投诉单号, 工单号, 工单编号
customer_id: @customer
opened_at: opened date, complaint date, open date, created date, received date, reported date, date?,
  reklamationsdatum, 投诉时间, 投诉日期, 受理时间, 创建时间, 日期?
shipment_id: @shipment
first_response_at: first response date, response date, first reply date, responded date, 首次响应时间,
  响应时间, 首次回复时间, 回复时间
resolved_at: resolved date, resolution date, closed date, close date, solved date, erledigt am, 解决时间,
  处理完成时间, 结案时间, 关闭时间, 完成时间?
category: category, complaint type, complaint category, type?, topic, reason?, kategorie, 投诉类型,
  投诉类别, 投诉原因, 类别
severity: severity, severity level, priority?, schwere, 严重程度, 严重级别, 等级?
upheld: upheld, justified, valid?, founded, berechtigt, 是否成立, 是否属实, 有效投诉
responsible_party: @responsible
[contacts]
contact_id: contact id, activity id, call id, visit id, interaction id, 联系编号, 拜访编号, 跟进编号
customer_id: @customer
contacted_at: contacted date, contact date, activity date, call date, visit date, interaction date, date?,
  联系时间, 拜访时间, 拜访日期, 联系日期, 跟进时间, 日期?
kind: kind, contact type, activity type, interaction type, type?, 联系类型, 拜访类型, 跟进类型, 类型?
channel: @channel, contact channel, 联系方式?
cost: @cost, 拜访费用
initiated_by: initiated by, initiator, direction, 发起方, 发起人
answered_at: answered date, reply date, response date, 答复时间, 回复时间
hand_offs: hand off, handoff, transfer, forwarded?, 转接次数
[contracts]
contract_id: contract id, agreement id, contract?, vertragsnummer, 合同号, 合同编号
customer_id: @customer
starts_on: starts date, start date, effective date, valid from, begin date, contract start,
  commencement date, vertragsbeginn, beginn?, 开始日期, 生效日期, 合同开始日期, 起始日期, 签订日期?
ends_on: ends date, end date, expiry date, expiration date, valid to, valid until, contract end,
  vertragsende, ende?, 结束日期, 到期日期, 合同到期日, 合同结束日期, 终止日期?, 截止日期
notice_days: notice day, notice period, kuendigungsfrist, 通知天数, 提前通知天数
ended_on: ended date, termination date, terminated date, cancelled date, gekuendigt am, 实际终止日期,
  解约日期, 实际结束日期
end_reason: end reason, termination reason, cancellation reason, kuendigungsgrund, 终止原因, 解约原因
committed_weight: committed weight, minimum weight, committed volume, minimum volume?, 承诺货量, 保底货量,
  承诺重量
agreed_on_time_share: agreed on time share, agreed on time rate, on time target, sla?, on time percent?,
  约定及时率, 承诺及时率, 约定准时率
[customers]
customer_id: @customer, id?, 编号?
name: customer name, name, company name, company, account name, firm name, legal name, kundenname, firma,
  firmenname, 客户名称, 公司名称, 客户全称, 客户简称, 企业名称, 名称?
parent_id: parent id, parent, parent company, parent account, group id?, holding, muttergesellschaft,
  konzern, 母公司, 上级客户, 集团, 集团编号
bill_to_id: bill to id, bill to, billing account, payer, rechnungsempfaenger, 付款方, 结算客户
role: role, customer role, customer type?, 客户角色, 客户类型?
industry: industry, sector, industry type, line of business, vertical, branche, 行业, 所属行业, 行业类型
region: region, area, territory, country, country id, province, state?, city?, sales region, land?, gebiet,
  bundesland, 区域, 地区, 大区, 省份, 国家, 城市?, 所在地区
size_class: size class, company size, firm size, size, segment?, groesse?, 规模, 企业规模, 客户规模
onboarded_on: onboarded date, customer since, since?, onboarding date, registration date, signup date,
  joined date, first order date?, kunde seit, 建档日期, 注册日期, 合作开始日期, 开户日期, 首次合作日期
acquisition_channel: acquisition channel, channel, source, lead source, 获客渠道, 客户来源, 来源渠道
acquisition_cost: acquisition cost, acquisition expense, cac, 获客成本
referred_by: referred by, referrer, referral, 推荐人, 推荐客户, 介绍人
account_manager: account manager, sales rep, sales representative, account owner, owner?, sales person, kam,
  key account manager, kundenbetreuer, 客户经理, 销售, 业务员, 负责人?
priority_class: priority class, priority, customer class?, tier?, grade?, 客户等级, 优先级, 客户级别
payment_terms_days: payment term day, payment term, payment day, credit day, zahlungsziel, 账期, 付款天数,
  账期天数, 结算周期?
credit_rating: credit rating, credit class, rating?, bonitaet, 信用等级, 信用评级
credit_limit: credit limit, kreditlimit, 信用额度, 授信额度
brand_influence: brand influence, 品牌影响力
strategic_fit: strategic fit, 战略契合度
logistics_spend: logistics spend, total logistics spend, logistics budget, 物流支出, 年物流费用, 年物流支出
own_growth: own growth, business growth, growth?, growth rate?, 业务增长率
requirements: requirement, special requirement, anforderungen, 特殊要求, 需求
industry_risk: industry risk, 行业风险
retention_level: retention level, 维系层次
profile_updated_on: profile updated date, updated date, last updated date, modified date, 更新日期,
  档案更新日期, 修改时间
[surveys]
customer_id: @customer
sent_on: sent date, survey date, invitation date, invited date, date?, 发送日期, 调查日期, 问卷日期, 日期?
answered_on: answered date, response date, completed date, answer date, submitted date, 回答日期, 回复日期,
  填写日期, 提交时间
respondent_role: respondent role, respondent type, respondent, 受访者角色, 填写人角色
touchpoint: touchpoint, touch point, stage?, 接触点, 服务环节
item: item, question, question text, statement, frage, 题目, 问题, 指标?
expectation: expectation, expected score, importance?, erwartung, 期望, 期望值, 期望得分
perception: perception, perceived score, performance?, score?, rating?, 感知, 实际感知, 感知得分, 得分?,
  评分?
overall: overall, overall satisfaction, satisfaction, csat, satisfaction score, zufriedenheit, 满意度,
  总体满意度, 总体评价
recommend: recommend, nps, likely to recommend, likelihood to recommend, recommendation, weiterempfehlung,
  推荐意愿, 推荐度, 推荐值
renew_intention: renew intention, renewal intention, likely to purchase, likely to renew,
  repurchase intention, 续约意愿, 续签意愿, 再次合作意愿
rival_perception: rival perception, competitor score, competitor rating, 竞争对手得分, 对手评价
scale_max: scale max, scale, max score, 满分, 量表上限
[leads]
lead_id: lead id, opportunity id, prospect id, deal id, 线索编号, 商机编号, 线索号
opened_on: opened date, lead date, open date, created date, date?, 创建日期, 创建时间, 线索日期, 日期?
kind: kind, lead type, opportunity type, type?, 线索类型, 商机类型
channel: @channel, 线索来源
cost: @cost, lead cost, 跟进成本
quoted_price: quoted price, quote, quote amount, quotation, proposal amount, expected value?, 报价, 报价金额
referred_by: referred by, referrer, 推荐人, 介绍人
rival: rival, competitor, wettbewerber, 竞争对手, 竞品
trigger: trigger, reason?, pain point?, 触发原因, 需求原因
won_on: won date, win date, closed won date, close date?, converted date, 赢单日期, 成交日期, 签约日期
customer_id: @customer
[campaigns]
campaign_id: campaign id, campaign, campaign name, kampagne, 活动编号, 活动名称, 活动
customer_id: @customer
started_on: started date, start date, campaign date, sent date, date?, 开始日期, 活动日期, 日期?
arm: arm, group, test group, treatment, variant, treatment group, control group, 分组, 组别, 实验组
offer: offer, incentive, 优惠, 权益
cost: @cost
randomised: randomised, randomized, random, 是否随机, 随机
accepted_on: accepted date, acceptance date, redeemed date, converted date, response date?, 接受日期,
  兑换日期, 响应日期
[capacity]
date: date, day, week?, month?, datum, tag, 日期
service: service, service type, product?, mode?, 服务, 服务类型, 运输方式?
lane: lane, route, corridor, relation?, strecke, 线路, 路线
available: available, available capacity, capacity, slot?, kapazitaet, 可用运力, 运力, 可用
booked: booked, used?, used capacity, booking, gebucht, 已订, 已用运力, 已预订
refused: refused, rejected, turned down, unmet, abgelehnt, 拒绝, 拒单数
[kpi_counts]
customer_id: @customer
date: date, period, month, day?, datum, 日期, 月份, 统计日期
kpi: kpi, kpi name, indicator, metric, measure, kennzahl, 指标, 指标名称, 考核指标
opportunities: opportunity, total?, total count, count?, order?, denominator, base, 总数, 总次数, 分母
failures: failure, failed, error, error count, defect, miss, numerator?, fehler, 失败数, 失败次数, 差错数,
  异常数
"""
# Words in a file's name that tell its table.
TABLE_WORDS = {
    "shipments": "shipment trip order booking consignment waybill transport sendung auftrag 运单 订单 发货",
    "invoices": "invoice receivable billing bill purchase rechnung 发票 账单 应收 开票",
    "leads": "lead opportunity prospect 线索 商机",
    "complaints": "complaint claim ticket case reklamation 投诉 工单",
    "contacts": "contact activity visit call crm 拜访 联系 跟进",
    "contracts": "contract agreement vertrag 合同",
    "surveys": "survey satisfaction nps questionnaire umfrage 满意度 问卷 调查",
    "campaigns": "campaign kampagne 活动 营销",
    "capacity": "capacity kapazitaet 运力",
    "kpi_counts": "kpi indicator 指标 考核",
    "customers": "customer account 客户",
}


def _pairs(text: str) -> list[tuple[str, str]]:
    """Return the ``name: words`` of a block, lines that begin with blanks going on with the one before."""
    joined = text.strip().replace("\n  ", " ")
    return [(name, rest.strip()) for name, _, rest in (line.partition(":") for line in joined.splitlines())]


_SAME = {word: meaning for meaning, group in _pairs(_SAME_WORDS) for word in group.split()}
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})
_COUNT = re.compile(r"\b(?:no|nr|num|number|qty|quantity)[\W_]+of[\W_]", re.IGNORECASE)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[\u3400-\u9fff]+|[%€$£₹#]")
_GLUED = re.compile(r"([a-z]{3,})(no|nr|id|code|date|time|dt|kg|km)")
_VOCABULARY = frozenset(re.findall(r"[a-z]{3,}", _SPOKEN))
_IDEOGRAPH = re.compile(r"[\u3400-\u9fff]")


@lru_cache(maxsize=10_000)
def plain_words(name: str) -> tuple[str, ...]:
    """Return the words of a name in lower case, as they stand.

    Examples
    --------
    >>> plain_words("grossWeight_KG")
    ('gross', 'weight', 'kg')
    """
    text = unicodedata.normalize("NFKC", name).translate(_UMLAUTS)
    found = [word.lower() for word in _WORD.findall(_COUNT.sub("", text))]
    return tuple(part for word in found for part in _unglued(word))


def _unglued(word: str) -> tuple[str, ...]:
    """Return the two words of one written together, as in ORDERNO, when the first is one we know."""
    glued = _GLUED.fullmatch(word)
    return glued.groups() if glued and glued[1] in _VOCABULARY else (word,)


@lru_cache(maxsize=10_000)
def words(name: str) -> tuple[str, ...]:
    """Return the words of a name, each replaced by the one that stands for all of its meaning.

    Examples
    --------
    >>> words("InvoiceNo."), words("Order_DT")
    (('invoice', 'id'), ('order', 'date'))
    """
    given = [word for word in plain_words(name) if word not in _FILLERS] or list(plain_words(name))
    if len(given) > 1 and given[-1] in {"at", "on"}:
        given[-1] = "date"
    single = [re.sub(r"(?<=[^s]{4})s$", "", word) for word in given]
    return tuple(_SAME.get(word, word) for word in single)


def _spoken() -> dict[str, dict[str, dict[tuple[str, ...], tuple[float, str]]]]:
    """Return each table's columns with the words that mean them, how sure each is, and as it was written."""
    tables: dict[str, dict[str, dict[tuple[str, ...], tuple[float, str]]]] = {}
    shared: dict[str, str] = {}
    table = ""
    for name, phrases in _pairs(_SPOKEN):
        if name.startswith("["):
            table = name.strip("[]")
            tables[table] = {}
        elif name.startswith("@"):
            shared[name] = phrases
        else:
            known: dict[tuple[str, ...], tuple[float, str]] = {words(name): (OWN_NAME, name)}
            dated = TABLES[table].column(name).type in {"date", "time"}
            for phrase in re.sub(r"@\w+", lambda found: shared[found[0]], phrases).split(", "):
                said = phrase.rstrip("?")
                sure = WEAK if phrase.endswith("?") else SYNONYM
                for key in {words(said), _undated(words(said)) if dated else words(said)}:
                    known[key] = max((sure, said), known.get(key, (0.0, "")))
            if dated:
                known.setdefault(_undated(words(name)), (SYNONYM, name))
            tables[table][name] = known
    return tables


def _undated(phrase: tuple[str, ...]) -> tuple[str, ...]:
    """Return "delivered" for "delivered date": a column of dates need not say that it is one."""
    return phrase[:-1] if len(phrase) > 1 and phrase[-1] == "date" else phrase


_KNOWN = _spoken()
_CHOICES = {
    word.replace("-", "").replace(" ", ""): choice
    for choice, group in _pairs(_CHOICE_WORDS)
    for word in [choice.replace(" ", ""), *group.split()]
}


def likeness(name: str, table: str, column: str) -> tuple[float, str]:
    """Return how surely a user's ``name`` means our ``column`` (0 to 1), and the reason for any doubt.

    Examples
    --------
    >>> likeness("Gross Weight (kg)", "shipments", "weight")
    (0.95, '')
    >>> likeness("gros weigth", "shipments", "weight")[1]
    'its name resembles "gross weight"'
    """
    of = TABLES[table].column(column)
    aside = UNITS.get(of.unit, {}) if of.type in {"number", "whole"} else {}
    spoken = words(name)
    coins = CURRENCIES if of.unit == "currency" else {}
    core = tuple(word for word in spoken if word not in aside and word not in coins) or spoken
    best, why = 0.0, ""
    for phrase, (sure, said) in _KNOWN[table][column].items():
        score, reason = _against(core, phrase, (sure, said), of.type in {"date", "time"}, column.endswith("_id"))
        if score > best:
            best, why = score, reason
    return (round(best, 3), why) if best >= LEAST else (0.0, "")


def _against(
    core: tuple[str, ...], phrase: tuple[str, ...], known_as: tuple[float, str], dated: bool, is_id: bool
) -> tuple[float, str]:
    """Return how surely the words of a name mean one known phrase, and the reason when that is in doubt."""
    name, known = "".join(core), "".join(phrase)
    sure, shown = known_as
    if name == known:
        return sure, "" if sure > WEAK else f'"{shown}" may mean other things, too'
    if _inside(core, phrase):
        rest = [word for word in core if word not in phrase]
        share = len(known) / len(name)
        score = (_PART if sure > WEAK else _WEAK_PART) * (0.6 + 0.4 * share)
        score *= 0.6 if _ASIDE & set(rest) else 1.0
        score *= 0.7 if is_id and ("name" in rest or "名称" in name) else 1.0
        reason = f'matched by part of its name, "{shown}"'
    elif sure > WEAK and min(len(name), len(known)) >= 5:
        matcher = SequenceMatcher(None, name, known)
        alike = matcher.ratio() if min(matcher.real_quick_ratio(), matcher.quick_ratio()) >= _ALIKE else 0.0
        score, reason = (_SIMILAR * alike if alike >= _ALIKE else 0.0), f'its name resembles "{shown}"'
    else:
        return 0.0, ""
    return (0.4 * score if dated and _other_kind(name, known) else score), reason


def _inside(core: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    """Return whether the phrase's words stand in the name in their order; Chinese is searched as text."""
    known = "".join(phrase)
    if _IDEOGRAPH.search(known):
        return len(known) > 1 and known in "".join(core)
    rest = iter(core)
    return all(word in rest for word in phrase)


def _other_kind(name: str, known: str) -> bool:
    """Return whether one of the two speaks of what was planned and the other of what happened."""
    planned = any(word in name for word in _PLANNED), any(word in known for word in _PLANNED)
    actual = any(word in name for word in _ACTUAL), any(word in known for word in _ACTUAL)
    return planned[0] != planned[1] and (planned[0] or actual[0])


def stated_unit(name: str, unit: str) -> tuple[str, float] | None:
    """Return the word for a unit in a column's name and the factor from it to the contract's ``unit``.

    Examples
    --------
    >>> stated_unit("Weight (t)", "kg")
    ('t', 1000)
    """
    kin = UNITS.get(unit, {})
    return next(((word, kin[word]) for word in reversed(plain_words(name)) if word in kin), None)


def stated_currency(text: str) -> str:
    """Return the code of the currency that a name or a sign speaks of, else an empty text.

    Examples
    --------
    >>> stated_currency("amount_eur"), stated_currency("€")
    ('EUR', 'EUR')
    """
    given = [text.strip().lower(), *plain_words(text)]
    return next((CURRENCIES[word] for word in given if word in CURRENCIES), "")


def is_personal(name: str) -> bool:
    """Return whether a column's name speaks of a person's particulars, which are never mapped.

    Examples
    --------
    >>> is_personal("contactPhone"), is_personal("origin")
    (True, False)
    """
    return bool(_PERSONAL.search(" ".join(plain_words(name))) or _PERSONAL.search(name))


def flag_meaning(value: str) -> str:
    """Return "true" or "false" for a word that says yes or no in some language, else an empty text."""
    word = value.strip().lower()
    return "true" if word in TRUE_WORDS else "false" if word in FALSE_WORDS else ""


def choice_meaning(value: str, choices: tuple[str, ...]) -> str:
    """Return the one of ``choices`` that a word stands for, else an empty text.

    Examples
    --------
    >>> choice_meaning("Credit-Note", ("freight", "credit note"))
    'credit note'
    """
    word = re.sub(r"[\s_\-]+", "", value.lower())
    choice = _CHOICES.get(word, "")
    return choice if choice in choices else ""
