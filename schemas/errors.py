"""The one catalogue of errors: a stable code, an HTTP status, a message in Chinese and English, and details.

API, command line and screens all speak from here. A message says what happened and what to do next; details are
machine-readable facts (numbers, names), never secrets and never personal data.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """Stable codes. A code once published is never reused for another meaning."""

    # the words: values and documents
    VALUE_INVALID = "value_invalid"
    BODY_INVALID = "body_invalid"
    BODY_TOO_LARGE = "body_too_large"
    JSON_MALFORMED = "json_malformed"
    JSON_NOT_CANONICAL = "json_not_canonical"
    CODE_UNKNOWN = "code_unknown"
    COORDINATE_OUT_OF_RANGE = "coordinate_out_of_range"
    GEOMETRY_INVALID = "geometry_invalid"
    DATUM_UNKNOWN = "datum_unknown"
    EDITION_UNKNOWN = "edition_unknown"
    # entries
    KIND_UNKNOWN = "kind_unknown"
    SCHEMA_UNKNOWN = "schema_unknown"
    SIGNATURE_INVALID = "signature_invalid"
    SIGNATURE_MISSING = "signature_missing"
    KEY_UNKNOWN = "key_unknown"
    AUTHOR_MISMATCH = "author_mismatch"
    DEVICE_MISMATCH = "device_mismatch"
    CHAIN_BROKEN = "chain_broken"
    SEQUENCE_GAP = "sequence_gap"
    NUMBER_CLOSED = "number_closed"
    FORK = "fork"
    ID_REUSED = "id_reused"
    UNIT_FOREIGN = "unit_foreign"
    UNIT_UNKNOWN = "unit_unknown"
    ROLE_NOT_ALLOWED = "role_not_allowed"
    SUPERSEDES_UNKNOWN = "supersedes_unknown"
    SUBJECT_UNKNOWN = "subject_unknown"
    SELF_REVIEW = "self_review"
    ADVERSE_NOT_WITHDRAWABLE = "adverse_not_withdrawable"
    CHECKPOINT_FORGED = "checkpoint_forged"
    # accounts, devices, sessions
    ENROLMENT_CODE_INVALID = "enrolment_code_invalid"
    ACCOUNT_UNKNOWN = "account_unknown"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_ROLE_FIXED = "account_role_fixed"
    SESSION_REQUIRED = "session_required"
    SESSION_EXPIRED = "session_expired"
    NOT_PERMITTED = "not_permitted"
    DEVICE_UNKNOWN = "device_unknown"
    DEVICE_FROZEN = "device_frozen"
    DEVICE_REVOKED = "device_revoked"
    DEVICE_NOT_ENROLLED = "device_not_enrolled"
    # central service
    BUSY = "busy"
    TOO_MANY_REQUESTS = "too_many_requests"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    PROTOCOL_UNSUPPORTED = "protocol_unsupported"
    INTERNAL = "internal"
    CENTRAL_DISK_FULL = "central_disk_full"
    STORE_IN_USE = "store_in_use"
    STORE_NOT_READY = "store_not_ready"
    # photos
    PHOTO_TOO_LARGE = "photo_too_large"
    PHOTO_HASH_MISMATCH = "photo_hash_mismatch"
    PHOTO_TRUNCATED = "photo_truncated"
    PHOTO_NOT_FOUND = "photo_not_found"
    UPLOAD_NOT_FOUND = "upload_not_found"
    UPLOAD_OFFSET_CONFLICT = "upload_offset_conflict"
    UPLOAD_CHECKSUM_MISMATCH = "upload_checksum_mismatch"
    UPLOAD_METADATA_INVALID = "upload_metadata_invalid"
    UPLOAD_QUOTA = "upload_quota"
    UPLOAD_VERSION_UNSUPPORTED = "upload_version_unsupported"
    UPLOAD_TYPE_UNSUPPORTED = "upload_type_unsupported"
    # the tablet
    DISK_LOW = "disk_low"
    DISK_FULL = "disk_full"
    DATABASE_DAMAGED = "database_damaged"
    DURABILITY_NOT_AVAILABLE = "durability_not_available"
    STORE_OPEN_ELSEWHERE = "store_open_elsewhere"
    DRAFT_NOT_FOUND = "draft_not_found"
    NO_ANSWER = "no_answer"
    NOT_OUR_ANSWER = "not_our_answer"
    EXPORT_DAMAGED = "export_damaged"
    # forms
    FORM_INVALID = "form_invalid"
    FORM_CYCLE = "form_cycle"
    FORM_ANSWER_INVALID = "form_answer_invalid"
    FORM_NODE_UNKNOWN = "form_node_unknown"
    FORM_REPEAT_FIXED = "form_repeat_fixed"
    FORM_MEDIA_UNREADABLE = "form_media_unreadable"
    FORM_DRAFT_FOREIGN = "form_draft_foreign"
    FORM_SOURCE_UNREADABLE = "form_source_unreadable"
    FORM_COMPILE_FAILED = "form_compile_failed"
    FORM_EXPRESSION_INVALID = "form_expression_invalid"
    FORM_FUNCTION_UNKNOWN = "form_function_unknown"
    FORM_FEATURE_UNSUPPORTED = "form_feature_unsupported"
    FORM_PATH_UNKNOWN = "form_path_unknown"
    FORM_LIST_UNKNOWN = "form_list_unknown"
    FORM_QUESTION_UNREACHABLE = "form_question_unreachable"
    FORM_CHOICE_UNKNOWN = "form_choice_unknown"
    FORM_MEDIA_MISSING = "form_media_missing"
    FORM_COLUMN_UNKNOWN = "form_column_unknown"
    FORM_RULE_UNKNOWN = "form_rule_unknown"
    FORM_LEDGER_KIND_UNKNOWN = "form_ledger_kind_unknown"
    FORM_FIELD_MISSING = "form_field_missing"
    FORM_FIELD_TYPE = "form_field_type"
    FORM_FIELD_CHOICE = "form_field_choice"
    FORM_VERSION_MISSING = "form_version_missing"
    FORM_VERSION_TAKEN = "form_version_taken"
    FORM_TOO_LARGE = "form_too_large"
    FORM_FINDINGS = "form_findings"
    # proofs
    PROOF_INVALID = "proof_invalid"
    CHECKPOINT_INVALID = "checkpoint_invalid"
    LOG_REWRITTEN = "log_rewritten"
    LOG_ROLLED_BACK = "log_rolled_back"
    # imports: files of the offices
    IMPORT_FILE_TOO_LARGE = "import_file_too_large"
    IMPORT_TABLE_TOO_LARGE = "import_table_too_large"
    IMPORT_FORMAT_UNKNOWN = "import_format_unknown"
    IMPORT_FILE_DAMAGED = "import_file_damaged"
    IMPORT_ARCHIVE_UNSAFE = "import_archive_unsafe"
    IMPORT_LAYER_AMBIGUOUS = "import_layer_ambiguous"
    IMPORT_LAYER_UNKNOWN = "import_layer_unknown"
    IMPORT_HEADER_INVALID = "import_header_invalid"
    IMPORT_ENCODING_UNKNOWN = "import_encoding_unknown"
    IMPORT_ENCODING_MIXED = "import_encoding_mixed"
    IMPORT_ROW_RAGGED = "import_row_ragged"
    IMPORT_CELL_MERGED = "import_cell_merged"
    IMPORT_CELL_FORMULA = "import_cell_formula"
    IMPORT_CELL_ERROR = "import_cell_error"
    IMPORT_NUMBER_IMPRECISE = "import_number_imprecise"
    IMPORT_CRS_MISSING = "import_crs_missing"
    IMPORT_CRS_UNKNOWN = "import_crs_unknown"
    IMPORT_CRS_CONTRADICTS = "import_crs_contradicts"
    IMPORT_CRS_APPROXIMATE = "import_crs_approximate"
    IMPORT_AXES_SWAPPED = "import_axes_swapped"
    IMPORT_ZONE_SLIP = "import_zone_slip"
    IMPORT_OUTSIDE_REGION = "import_outside_region"
    IMPORT_GCJ02_SUSPECT = "import_gcj02_suspect"
    IMPORT_GCJ02_NOT_CHECKED = "import_gcj02_not_checked"
    IMPORT_GEOMETRY_MISSING = "import_geometry_missing"
    IMPORT_GEOMETRY_UNREADABLE = "import_geometry_unreadable"
    IMPORT_GEOMETRY_NOT_POLYGON = "import_geometry_not_polygon"
    IMPORT_GEOMETRY_CURVED = "import_geometry_curved"
    IMPORT_GEOMETRY_NOT_FINITE = "import_geometry_not_finite"
    IMPORT_GEOMETRY_EMPTY = "import_geometry_empty"
    IMPORT_GEOMETRY_NO_AREA = "import_geometry_no_area"
    IMPORT_GEOMETRY_TOO_MANY_VERTICES = "import_geometry_too_many_vertices"
    IMPORT_GEOMETRY_REPAIRED = "import_geometry_repaired"
    IMPORT_HEIGHTS_DROPPED = "import_heights_dropped"
    # imports: what the rows say
    IMPORT_MAPPING_INVALID = "import_mapping_invalid"
    IMPORT_COLUMN_MISSING = "import_column_missing"
    IMPORT_COLUMN_UNKNOWN = "import_column_unknown"
    IMPORT_COLUMN_DOUBLED = "import_column_doubled"
    IMPORT_COLUMN_UNREAD = "import_column_unread"
    IMPORT_VALUE_MISSING = "import_value_missing"
    IMPORT_UNIT_AMBIGUOUS = "import_unit_ambiguous"
    IMPORT_UNIT_BOUNDARY = "import_unit_boundary"
    IMPORT_CLASS_SYSTEM_MISSING = "import_class_system_missing"
    IMPORT_PARCEL_UNKNOWN = "import_parcel_unknown"
    IMPORT_DATES_DISORDERED = "import_dates_disordered"
    IMPORT_AREA_SLIP = "import_area_slip"
    IMPORT_ID_DOUBLED = "import_id_doubled"
    IMPORT_ID_TAKEN = "import_id_taken"
    IMPORT_OVERLAP = "import_overlap"
    IMPORT_BASELINE_MISSING = "import_baseline_missing"
    IMPORT_BASELINE_OUTSIDE = "import_baseline_outside"
    IMPORT_LINKED_TWICE = "import_linked_twice"
    IMPORT_FAULTS = "import_faults"
    IMPORT_LEDGER_MOVED = "import_ledger_moved"
    # reports: what a checker of a published file finds
    REPORT_TOO_LARGE = "report_too_large"
    REPORT_FORMAT_UNKNOWN = "report_format_unknown"
    REPORT_DAMAGED = "report_damaged"
    REPORT_ARCHIVE_UNSAFE = "report_archive_unsafe"
    REPORT_SECTION_CHANGED = "report_section_changed"
    REPORT_FIGURE_CHANGED = "report_figure_changed"
    REPORT_FIGURE_IMPLIED = "report_figure_implied"
    REPORT_HASH_WRONG = "report_hash_wrong"
    REPORT_SIGNATURE_WRONG = "report_signature_wrong"
    REPORT_KEY_WRONG = "report_key_wrong"
    REPORT_KEY_UNREADABLE = "report_key_unreadable"
    REPORT_PROOF_WRONG = "report_proof_wrong"
    REPORT_CHECKPOINT_WRONG = "report_checkpoint_wrong"
    REPORT_CELL_CHANGED = "report_cell_changed"
    REPORT_CELL_DISAGREES = "report_cell_disagrees"
    REPORT_SHEET_CHANGED = "report_sheet_changed"
    REPORT_FILE_CHANGED = "report_file_changed"
    REPORT_LAYOUT_UNKNOWN = "report_layout_unknown"
    REPORT_NOT_COMPARABLE = "report_not_comparable"
    REPORT_POSITION_UNKNOWN = "report_position_unknown"


@dataclass(frozen=True)
class Message:
    """HTTP status and the words, in Chinese (shown by default) and English; `{name}` is filled from the details."""

    status: int
    zh: str
    en: str


C = Code
CATALOGUE: dict[Code, Message] = {
    C.VALUE_INVALID: Message(422, "数值无效：{reason}", "Invalid value: {reason}"),
    C.BODY_INVALID: Message(422, "内容不符合格式，请检查：{where}", "The content does not fit its schema: {where}"),
    C.BODY_TOO_LARGE: Message(413, "内容过大，上限 {limit_bytes} 字节", "Too large; the limit is {limit_bytes} bytes"),
    C.JSON_MALFORMED: Message(400, "不是有效的 JSON", "Not valid JSON"),
    C.JSON_NOT_CANONICAL: Message(
        422, "签名内容只能含整数和文字：{where}", "Signed content holds integers and text only: {where}"
    ),
    C.CODE_UNKNOWN: Message(422, "代码表中没有 {code}", "{code} is not in the code table"),
    C.COORDINATE_OUT_OF_RANGE: Message(422, "坐标超出范围：{where}", "Coordinate out of range: {where}"),
    C.GEOMETRY_INVALID: Message(422, "图形无效：{reason}", "Invalid geometry: {reason}"),
    C.DATUM_UNKNOWN: Message(422, "坐标系未说明或不支持：{datum}", "Datum missing or not supported: {datum}"),
    C.EDITION_UNKNOWN: Message(422, "没有 {table} 的 {edition} 版", "There is no edition {edition} of {table}"),
    C.KIND_UNKNOWN: Message(422, "未知的记录类型 {kind}，请更新软件", "Unknown kind {kind}; update the software"),
    C.SCHEMA_UNKNOWN: Message(
        422, "记录类型 {kind} 的第 {schema} 版未知，请更新软件", "Unknown version {schema} of kind {kind}; update the software"
    ),
    C.SIGNATURE_INVALID: Message(422, "签名不符，内容可能被改动", "The signature does not match: the content was changed"),
    C.SIGNATURE_MISSING: Message(422, "缺少签名", "The signature is missing"),
    C.KEY_UNKNOWN: Message(
        422,
        "签名密钥未登记；若中心恢复过备份，请向主管要登记码重新登记，记录不会丢失",
        "The signing key is not enrolled; if central went back to a backup, enrol again with a new code: nothing is lost",
    ),
    C.AUTHOR_MISMATCH: Message(422, "署名账号与密钥所属账号不同", "The author is not the account that owns the key"),
    C.DEVICE_MISMATCH: Message(403, "记录不属于本设备", "The entry belongs to another device"),
    C.CHAIN_BROKEN: Message(422, "与上一条记录衔接不上", "The entry does not link to the one before it"),
    C.SEQUENCE_GAP: Message(
        409, "缺少第 {expected} 号记录，请从该号重发", "Number {expected} is missing; send again from there"
    ),
    C.NUMBER_CLOSED: Message(
        409, "该编号已由主管注销，记录已留存但不生效", "A supervisor closed this number; the entry is kept without effect"
    ),
    C.FORK: Message(
        409, "同一编号出现两份不同记录，设备已冻结，请联系主管",
        "Two different entries carry one number; the device is frozen, call your supervisor",
    ),
    C.ID_REUSED: Message(409, "记录标识已被使用", "The entry id is already in use"),
    C.UNIT_FOREIGN: Message(403, "该单元不在您的范围内", "This unit is outside your range"),
    C.UNIT_UNKNOWN: Message(422, "没有这个实施单元：{unit}", "No such implementation unit: {unit}"),
    C.ROLE_NOT_ALLOWED: Message(403, "您的角色不能提交此类记录", "Your role may not make this kind of entry"),
    C.SUPERSEDES_UNKNOWN: Message(409, "所依据的上一版本不在台账中", "The version it builds on is not in the log"),
    C.SUBJECT_UNKNOWN: Message(422, "所针对的记录不在台账中", "The entry it is about is not in the log"),
    C.SELF_REVIEW: Message(403, "不能审核自己的记录", "Nobody reviews an entry of their own"),
    C.ADVERSE_NOT_WITHDRAWABLE: Message(
        403, "不利事实不能撤回，只能由区级认定处理", "An adverse fact cannot be withdrawn; the district decides"
    ),
    C.CHECKPOINT_FORGED: Message(
        422, "所附的检查点不是本台账签发的", "The embedded checkpoint was not signed by this log"
    ),
    C.ENROLMENT_CODE_INVALID: Message(
        403, "登记码无效或已用过，请向主管要一个新的", "The enrolment code is invalid or used; ask for a new one"
    ),
    C.ACCOUNT_UNKNOWN: Message(404, "没有这个账号：{account}", "No such account: {account}"),
    C.ACCOUNT_DISABLED: Message(403, "账号已停用，请联系主管", "The account is disabled; call your supervisor"),
    C.ACCOUNT_ROLE_FIXED: Message(409, "账号 {account} 已是 {role}，角色不能更改；请另建账号", "Account {account} is {role}; a role never changes, make another account"),
    C.SESSION_REQUIRED: Message(401, "请先登录再发送；记录不受影响", "Sign in to send; recording is not affected"),
    C.SESSION_EXPIRED: Message(401, "登录已过期，将自动重新登录", "The session has expired; signing in again"),
    C.NOT_PERMITTED: Message(403, "您没有此项权限", "You are not permitted to do this"),
    C.DEVICE_UNKNOWN: Message(404, "没有这台设备：{device}", "No such device: {device}"),
    C.DEVICE_FROZEN: Message(
        403, "设备已冻结：记录仍保存在平板，请导出后交主管处理",
        "The device is frozen: its records are kept; export them and hand the file to your supervisor",
    ),
    C.DEVICE_REVOKED: Message(
        403, "设备已停用：未发送的记录请导出后交主管处理",
        "The device is revoked: export what was not sent and hand the file to your supervisor",
    ),
    C.DEVICE_NOT_ENROLLED: Message(409, "平板尚未登记，请先扫登记码", "The tablet is not enrolled yet; use an enrolment code"),
    C.BUSY: Message(429, "台账正在写入，请 {retry_after_s} 秒后再试", "The log is busy; try again in {retry_after_s} s"),
    C.TOO_MANY_REQUESTS: Message(
        429, "请求过于频繁，请 {retry_after_s} 秒后再试", "Too many requests; try again in {retry_after_s} s"
    ),
    C.NOT_FOUND: Message(404, "没有这个地址或对象", "No such address or object"),
    C.METHOD_NOT_ALLOWED: Message(405, "此地址不支持该操作", "This address does not support the method"),
    C.PROTOCOL_UNSUPPORTED: Message(
        426, "软件版本与服务器不兼容，请更新；记录不受影响", "Protocol versions differ: update the app; records are kept"
    ),
    C.INTERNAL: Message(500, "服务器出错，已记录；稍后再试", "The server failed and noted it; try again later"),
    C.CENTRAL_DISK_FULL: Message(507, "服务器空间不足，请稍后再试", "The server is out of space; try again later"),
    C.STORE_IN_USE: Message(
        423, "台账正由另一个进程写入；请通过其服务地址操作", "Another process writes this log; use its service address"
    ),
    C.STORE_NOT_READY: Message(
        409, "台账尚未建立，请先运行 main.py central init", "There is no log here yet; run main.py central init"
    ),
    C.PHOTO_TOO_LARGE: Message(413, "照片过大，上限 {limit_bytes} 字节", "Photo too large; the limit is {limit_bytes} bytes"),
    C.PHOTO_HASH_MISMATCH: Message(
        460, "照片内容与其指纹不符，请重新上传", "The photo's bytes do not match its hash; upload it again"
    ),
    C.PHOTO_TRUNCATED: Message(422, "照片不完整", "The photo is truncated"),
    C.PHOTO_NOT_FOUND: Message(404, "没有这张照片", "No such photo"),
    C.UPLOAD_NOT_FOUND: Message(404, "上传任务不存在或已过期，请重新开始", "No such upload, or it has expired; start again"),
    C.UPLOAD_OFFSET_CONFLICT: Message(
        409, "上传位置应为 {expected}", "The upload continues at offset {expected}"
    ),
    C.UPLOAD_CHECKSUM_MISMATCH: Message(460, "该段数据校验不符，请重发", "The chunk's checksum does not match; send it again"),
    C.UPLOAD_METADATA_INVALID: Message(400, "上传说明无效：{reason}", "Invalid upload metadata: {reason}"),
    C.UPLOAD_QUOTA: Message(
        429, "未完成的上传过多，请先完成或取消", "Too many unfinished uploads; finish or cancel some"
    ),
    C.UPLOAD_VERSION_UNSUPPORTED: Message(
        412, "上传协议版本不符，应为 tus {version}", "The upload protocol must be tus {version} (header Tus-Resumable)"
    ),
    C.UPLOAD_TYPE_UNSUPPORTED: Message(415, "数据段类型应为 {expected}", "A chunk's Content-Type must be {expected}"),
    C.DISK_LOW: Message(
        507, "存储空间不足（剩余 {free_mb} MB），暂不能拍照；已有记录仍可发送",
        "Little space left ({free_mb} MB): no new photos; what is saved can still be sent",
    ),
    C.DISK_FULL: Message(
        507, "存储空间已满，本次未保存；请清理空间后重试，已有记录不受影响",
        "The disk is full and this was not saved; free some space, saved records are safe",
    ),
    C.DATABASE_DAMAGED: Message(
        500, "本机数据库受损，请运行修复；签名副本仍在", "The local database is damaged; run salvage, the signed copies are there"
    ),
    C.DURABILITY_NOT_AVAILABLE: Message(
        500, "此设备不能可靠保存数据（{reason}），不能记录", "This device cannot store data durably ({reason}); recording is off"
    ),
    C.STORE_OPEN_ELSEWHERE: Message(
        423, "应用已在另一个窗口打开，请关闭其中一个", "The app is open in another window; close one of them"
    ),
    C.DRAFT_NOT_FOUND: Message(404, "没有这份草稿", "No such draft"),
    C.NO_ANSWER: Message(503, "连不上服务器，稍后自动再试", "No answer from the server; it will be tried again"),
    C.NOT_OUR_ANSWER: Message(
        502, "网络返回的不是台账服务器（可能是登录页），稍后自动再试",
        "The answer is not from the ledger (a sign-in page?); it will be tried again",
    ),
    C.EXPORT_DAMAGED: Message(422, "导出文件不完整或被改动：{where}", "The export file is incomplete or was changed: {where}"),
    C.FORM_INVALID: Message(422, "表单无法使用：{reason}", "The form cannot be used: {reason}"),
    C.FORM_CYCLE: Message(422, "表单中的公式互相循环引用：{where}", "Formulas of the form refer to each other in a circle: {where}"),
    C.FORM_ANSWER_INVALID: Message(422, "答案不符合题型：{reason}", "The answer does not fit the question: {reason}"),
    C.FORM_NODE_UNKNOWN: Message(404, "表单中没有 {ref}", "The form has no {ref}"),
    C.FORM_REPEAT_FIXED: Message(409, "这一组不能增减：{ref}", "No instance of this group can be added or removed: {ref}"),
    C.FORM_MEDIA_UNREADABLE: Message(422, "附件 {name} 无法读取：{reason}", "The attachment {name} cannot be read: {reason}"),
    C.FORM_DRAFT_FOREIGN: Message(
        409, "草稿属于表单 {draft}，不属于 {form}", "The draft belongs to the form {draft}, not to {form}"
    ),
    C.FORM_SOURCE_UNREADABLE: Message(422, "表单文件无法读取（{reason}），请用 XLSX、Markdown 表格或 XForm XML", "The form file cannot be read ({reason}); use XLSX, Markdown tables or XForm XML"),
    C.FORM_COMPILE_FAILED: Message(422, "表格不是有效的 XLSForm：{reason}", "The sheets are no valid XLSForm: {reason}"),
    C.FORM_EXPRESSION_INVALID: Message(422, "{where} 的公式看不懂：{source}（{reason}）", "The formula of {where} cannot be read: {source} ({reason})"),
    C.FORM_FUNCTION_UNKNOWN: Message(422, "{where} 用了没有的函数 {name}，或参数个数不对（{reason}）", "{where} uses a function that does not exist, {name}, or wrong arguments ({reason})"),
    C.FORM_FEATURE_UNSUPPORTED: Message(422, "{where} 用了平板不支持的功能 {name}（{reason}）", "{where} uses {name}, which the tablet does not support ({reason})"),
    C.FORM_PATH_UNKNOWN: Message(422, "{where} 提到了表单里没有的问题 {name}", "{where} names a question that the form does not have: {name}"),
    C.FORM_LIST_UNKNOWN: Message(422, "{where} 用了表单里没有的名单 {name}", "{where} uses a list that is not part of the form: {name}"),
    C.FORM_QUESTION_UNREACHABLE: Message(422, "问题 {name} 永远不会出现：{reason}", "The question {name} is never asked: {reason}"),
    C.FORM_CHOICE_UNKNOWN: Message(422, "{where} 拿 {name} 与「{value}」比较，但它没有这个选项", "{where} compares {name} with \"{value}\", which is not one of its choices"),
    C.FORM_MEDIA_MISSING: Message(422, "缺少文件 {name}，请放在表单旁边", "The file {name} is missing; put it beside the form"),
    C.FORM_COLUMN_UNKNOWN: Message(422, "{where} 读名单 {list} 的列 {column}，但没有这一列", "{where} reads column {column} of the list {list}, which has no such column"),
    C.FORM_RULE_UNKNOWN: Message(422, "{where} 查 {list} 中的 {name}，但没有这一项", "{where} looks up {name} in {list}, which has no such row"),
    C.FORM_LEDGER_KIND_UNKNOWN: Message(422, "隐藏字段 ledger_kind 应写明台账记录的种类之一：{kinds}（现为「{found}」）", "The hidden field ledger_kind must name one of the ledger's kinds: {kinds} (found \"{found}\")"),
    C.FORM_FIELD_MISSING: Message(422, "台账需要字段 {field}（{kind}），表单里没有", "The ledger needs the field {field} ({kind}), and the form has none"),
    C.FORM_FIELD_TYPE: Message(422, "台账字段 {field} 的题型是 {found}，应为 {wanted}", "The ledger's field {field} has type {found}; it must be {wanted}"),
    C.FORM_FIELD_CHOICE: Message(422, "台账字段 {field} 有台账不认识的选项「{value}」，只能用：{wanted}", "The ledger's field {field} offers \"{value}\", which the ledger does not know; use: {wanted}"),
    C.FORM_VERSION_MISSING: Message(422, "settings 表缺 form_id 或 version", "The settings sheet lacks form_id or version"),
    C.FORM_VERSION_TAKEN: Message(409, "表单 {form} 的版本 {version} 已发布且内容不同，请改 version", "Version {version} of {form} was published with other content; write a new version"),
    C.FORM_TOO_LARGE: Message(413, "表单连同名单压缩后 {size_bytes} 字节，上限 {limit_bytes}；大的名单应随台账下发", "The form with its lists takes {size_bytes} bytes compressed, at most {limit_bytes}; large lists belong in the ledger"),
    C.FORM_FINDINGS: Message(422, "有 {count} 处必须改正，未发布", "{count} findings must be corrected; nothing was published"),
    C.PROOF_INVALID: Message(422, "证明不成立", "The proof does not hold"),
    C.CHECKPOINT_INVALID: Message(422, "检查点签名不符", "The checkpoint's signature does not match"),
    C.LOG_REWRITTEN: Message(
        409, "服务器台账与此前所见不一致，已停止同步，请报告上级",
        "The server's log contradicts what was seen before; sync has stopped, report it",
    ),
    C.LOG_ROLLED_BACK: Message(
        409, "服务器台账比此前所见更短（可能恢复了旧备份），已停止同步，请报告上级",
        "The server's log is shorter than before (an old backup?); sync has stopped, report it",
    ),
    C.IMPORT_FILE_TOO_LARGE: Message(
        413, "文件过大（{size_bytes} 字节，上限 {limit_bytes}），请分批导入",
        "The file has {size_bytes} bytes, at most {limit_bytes}; import it in parts",
    ),
    C.IMPORT_TABLE_TOO_LARGE: Message(
        413, "表格过大：{what} 上限 {limit}，请分批导入", "The table is too large: at most {limit} {what}; import it in parts"
    ),
    C.IMPORT_FORMAT_UNKNOWN: Message(
        415, "不是可导入的文件（{reason}），请用 GeoPackage、GeoJSON、压缩的 Shapefile、XLSX 或 CSV",
        "Not a file that can be imported ({reason}); use GeoPackage, GeoJSON, a zipped Shapefile, XLSX or CSV",
    ),
    C.IMPORT_FILE_DAMAGED: Message(
        422, "文件不完整或已损坏（{reason}），请重新导出或传输", "The file is incomplete or damaged ({reason}); export or copy it again"
    ),
    C.IMPORT_ARCHIVE_UNSAFE: Message(
        422, "压缩包不安全（{reason}），请只打包所需文件", "The archive is not safe ({reason}); pack only the files needed"
    ),
    C.IMPORT_LAYER_AMBIGUOUS: Message(
        422, "文件含多个图层或工作表，请指定其一：{layers}", "The file has several layers or sheets; name one: {layers}"
    ),
    C.IMPORT_LAYER_UNKNOWN: Message(
        422, "文件中没有图层或工作表 {layer}，现有：{layers}", "The file has no layer or sheet {layer}; it has: {layers}"
    ),
    C.IMPORT_HEADER_INVALID: Message(422, "表头无效：{reason}，请改正表头", "Invalid headings: {reason}; correct them"),
    C.IMPORT_ENCODING_UNKNOWN: Message(
        422, "文字编码无法识别（{reason}），请另存为 UTF-8 或 GB18030",
        "The text encoding is not recognised ({reason}); save as UTF-8 or GB18030",
    ),
    C.IMPORT_ENCODING_MIXED: Message(
        422, "此处文字不是全文件所用的 {encoding} 编码，请改正后重导", "This text is not in the file's encoding {encoding}; correct it and import again"
    ),
    C.IMPORT_ROW_RAGGED: Message(
        422, "本行有 {cells} 格，表头有 {headings} 格，请补齐", "The row has {cells} cells, the headings {headings}; correct the row"
    ),
    C.IMPORT_CELL_MERGED: Message(422, "合并单元格 {cell}，请取消合并并逐行填写", "Merged cells {cell}; unmerge them and fill each row"),
    C.IMPORT_CELL_FORMULA: Message(422, "单元格 {cell} 是公式，请粘贴为数值", "Cell {cell} holds a formula; paste it as a value"),
    C.IMPORT_CELL_ERROR: Message(422, "单元格 {cell} 是错误值 {value}，请改正", "Cell {cell} holds the error {value}; correct it"),
    C.IMPORT_NUMBER_IMPRECISE: Message(
        422, "数字位数过多，存为数值已失真，请改存为文字", "The number has too many digits and has lost some; store it as text"
    ),
    C.IMPORT_CRS_MISSING: Message(
        422, "文件没有坐标系（{reason}），请补 .prj 或用 --crs 说明 EPSG 代码",
        "The file has no coordinate system ({reason}); add the .prj, or name the EPSG code with --crs",
    ),
    C.IMPORT_CRS_UNKNOWN: Message(
        422, "坐标系 {crs} 不能识别，请转为 EPSG:4490、4326、4527、4548 或 2436",
        "Coordinate system {crs} is not one that is taken; convert to EPSG:4490, 4326, 4527, 4548 or 2436",
    ),
    C.IMPORT_CRS_CONTRADICTS: Message(
        422, "坐标系不一致：文件为 {found}，另一处为 {said}，请核实", "Coordinate systems disagree: the file says {found}, but also {said}; find out which is right"
    ),
    C.IMPORT_CRS_APPROXIMATE: Message(
        422, "EPSG:{crs} 换算到 CGCS2000 没有公开参数，位置可能偏差数十至上百米，请改用 CGCS2000 成果",
        "EPSG:{crs} to CGCS2000 has no published parameters here; places may be off by 100 m or more: use CGCS2000 data",
    ),
    C.IMPORT_AXES_SWAPPED: Message(
        422, "两个坐标轴颠倒（应先东后北、先经度后纬度），请改正后重导（{count} 行）",
        "The axes are swapped (east or longitude comes first); correct it and import again ({count} rows)",
    ),
    C.IMPORT_ZONE_SLIP: Message(
        422, "投影带不符：标为 {found}，坐标却像 {looks_like}，请核实带号和中央经线（{count} 行）",
        "Wrong zone: labelled {found}, but the numbers look like {looks_like}; check zone and central meridian ({count} rows)",
    ),
    C.IMPORT_OUTSIDE_REGION: Message(
        422, "位置不在北京范围内（{where}），请核实坐标和坐标系（{count} 行）",
        "The place is outside Beijing ({where}); check coordinates and coordinate system ({count} rows)",
    ),
    C.IMPORT_GCJ02_SUSPECT: Message(
        422, "位置整体偏移约 {offset_m} 米，像火星坐标（GCJ-02），请取得 CGCS2000 原始数据",
        "The place is off by about {offset_m} m, as GCJ-02 map coordinates are; obtain the CGCS2000 original",
    ),
    C.IMPORT_GCJ02_NOT_CHECKED: Message(
        422, "台账中没有可比对的图斑，未检查火星坐标偏移", "No known parcels to compare with: not checked for a GCJ-02 offset"
    ),
    C.IMPORT_GEOMETRY_MISSING: Message(422, "本行没有图形，已搁置，不计入合计", "The row has no outline; it is parked and not totalled"),
    C.IMPORT_GEOMETRY_UNREADABLE: Message(422, "图形无法读取（{reason}），请重新导出", "The outline cannot be read ({reason}); export it again"),
    C.IMPORT_GEOMETRY_NOT_POLYGON: Message(422, "图形是 {found}，应为面", "The outline is a {found}; a polygon is needed"),
    C.IMPORT_GEOMETRY_CURVED: Message(
        422, "图形含曲线（{found}），请先转为折线再导出", "The outline has curves ({found}); convert them to straight segments and export again"
    ),
    C.IMPORT_GEOMETRY_NOT_FINITE: Message(422, "坐标含无效数（NaN 或无穷大），请改正", "A coordinate is NaN or infinite; correct it"),
    C.IMPORT_GEOMETRY_EMPTY: Message(422, "图形为空，请补绘", "The outline is empty; draw it"),
    C.IMPORT_GEOMETRY_NO_AREA: Message(422, "图形面积为零，请改正", "The outline has no area; correct it"),
    C.IMPORT_GEOMETRY_TOO_MANY_VERTICES: Message(
        422, "图形有 {vertices} 个节点，上限 {limit}，请拆分或简化", "The outline has {vertices} vertices, at most {limit}; split or simplify it"
    ),
    C.IMPORT_GEOMETRY_REPAIRED: Message(422, "图形自相交等已修复（{reason}），请核对面积", "The outline was invalid and was repaired ({reason}); check its area"),
    C.IMPORT_HEIGHTS_DROPPED: Message(422, "已去掉高程（{count} 行），只用平面位置", "Heights were dropped ({count} rows); only the plane position is used"),
    C.IMPORT_MAPPING_INVALID: Message(422, "字段对照文件无效：{where}", "The mapping file is not valid: {where}"),
    C.IMPORT_COLUMN_MISSING: Message(422, "缺少列：{columns}", "Missing column: {columns}"),
    C.IMPORT_COLUMN_UNKNOWN: Message(422, "对照文件所指的列不在文件中：{columns}", "The mapping names columns that the file does not have: {columns}"),
    C.IMPORT_COLUMN_DOUBLED: Message(422, "多列对应同一字段，请只留一列：{columns}", "Several columns for one field; keep one: {columns}"),
    C.IMPORT_COLUMN_UNREAD: Message(422, "未读取的列：{columns}", "Columns that are not read: {columns}"),
    C.IMPORT_VALUE_MISSING: Message(422, "此格不能为空", "This cell must not be empty"),
    C.IMPORT_UNIT_AMBIGUOUS: Message(422, "{unit} 对应多个实施单元，请写单元编号：{units}", "{unit} may be several units; write the unit's id: {units}"),
    C.IMPORT_UNIT_BOUNDARY: Message(422, "图斑有 {outside_m2} 平方米在单元 {unit} 边界之外，请核实", "{outside_m2} m2 lie outside the boundary of unit {unit}; check it"),
    C.IMPORT_CLASS_SYSTEM_MISSING: Message(422, "地类没有编码体系（三调与 2023 指南代码含义不同），请补列或在对照文件中说明", "The land class has no code system (the 2023 guide reuses codes of the third survey); add a column, or name it in the mapping"),
    C.IMPORT_PARCEL_UNKNOWN: Message(422, "台账中没有图斑 {parcel}", "The ledger has no parcel {parcel}"),
    C.IMPORT_DATES_DISORDERED: Message(422, "日期先后颠倒：{earlier} 应早于 {later}", "Dates out of order: {earlier} must come before {later}"),
    C.IMPORT_AREA_SLIP: Message(422, "所填面积 {stated_m2} 平方米约为图形面积 {measured_m2} 的 {factor}，疑似亩、公顷、平方米填错（D29）", "The area given, {stated_m2} m2, is about {factor} of the outline's {measured_m2} m2: mu, ha and m2 mixed up? (D29)"),
    C.IMPORT_ID_DOUBLED: Message(422, "编号 {id} 在文件中出现多次（第 {rows} 行）", "{id} stands several times in the file (rows {rows})"),
    C.IMPORT_ID_TAKEN: Message(409, "编号 {id} 在台账中属于您范围之外的单元", "{id} belongs in the ledger to a unit outside your range"),
    C.IMPORT_OVERLAP: Message(422, "与图斑 {other} 重叠 {overlap_m2} 平方米，已搁置", "It overlaps parcel {other} by {overlap_m2} m2; parked"),
    C.IMPORT_BASELINE_MISSING: Message(422, "基期地类表中没有图斑 {parcel}", "The baseline has no part of parcel {parcel}"),
    C.IMPORT_BASELINE_OUTSIDE: Message(422, "基期地类图斑有 {outside_m2} 平方米在图斑 {parcel} 之外或互相重叠", "{outside_m2} m2 of the baseline of {parcel} lie outside it or twice in it"),
    C.IMPORT_LINKED_TWICE: Message(422, "拆除图斑 {parcel} 已挂钩指标 {other}，不能再用", "Demolished parcel {parcel} is linked to quota {other} already"),
    C.IMPORT_FAULTS: Message(422, "有 {faults} 处问题、涉及 {rows} 行，未导入；改正后重试，或用 --park 搁置这些行", "{faults} faults in {rows} rows, nothing was imported; correct them, or set these rows aside with --park"),
    C.IMPORT_LEDGER_MOVED: Message(409, "检查期间台账已有新的导入，请重新运行", "Another import reached the ledger meanwhile; run it again"),
    C.REPORT_TOO_LARGE: Message(413, "报告文件过大（{size_bytes} 字节，上限 {limit_bytes}）", "The report has {size_bytes} bytes, at most {limit_bytes}"),
    C.REPORT_FORMAT_UNKNOWN: Message(415, "不是本系统的核验报告（{reason}）", "Not a verification report of this ledger ({reason})"),
    C.REPORT_DAMAGED: Message(422, "报告不完整或已损坏（{reason}），请重新取得原件", "The report is incomplete or damaged ({reason}); obtain the original again"),
    C.REPORT_ARCHIVE_UNSAFE: Message(422, "报告压缩包不安全（{reason}），未打开", "The report's archive is not safe ({reason}); it was not opened"),
    C.REPORT_SECTION_CHANGED: Message(422, "「{section}」的内容被改动：{what}", "Section {section} was changed: {what}"),
    C.REPORT_FIGURE_CHANGED: Message(422, "「{section}」第 {row} 行（{name}）「{column}」的数据被改动，现为 {now}", "{section}, row {row} ({name}), {column}: the data was changed; it now says {now}"),
    C.REPORT_FIGURE_IMPLIED: Message(422, "「{section}」第 {row} 行（{name}）「{column}」的数据被改动，现为 {now}；按其余各行推算，原约为 {was}", "{section}, row {row} ({name}), {column}: the data was changed; it now says {now}, while the other rows imply about {was}"),
    C.REPORT_HASH_WRONG: Message(422, "报告内容与其指纹不符", "The report's content does not match its hash"),
    C.REPORT_SIGNATURE_WRONG: Message(422, "中心的签名不成立，报告不是所称密钥签发的原文", "Central's signature does not hold: this is not what the named key signed"),
    C.REPORT_KEY_WRONG: Message(422, "签发密钥 {found} 不是您所信任的 {trusted}", "Signed by key {found}, not by the one you trust, {trusted}"),
    C.REPORT_KEY_UNREADABLE: Message(422, "无法读取公钥（{reason}），请给出 64 位十六进制公钥、32 位指纹或其文件", "The public key cannot be read ({reason}); give 64 hex digits, the 32-digit fingerprint, or a file with either"),
    C.REPORT_PROOF_WRONG: Message(422, "台账证明不成立：{what}", "The proof from the log does not hold: {what}"),
    C.REPORT_CHECKPOINT_WRONG: Message(422, "检查点不成立：{what}", "The checkpoint does not hold: {what}"),
    C.REPORT_CELL_CHANGED: Message(422, "「{sheet}」{cell}（{column}，{name}）被改动：原为「{was}」，现为「{now}」", "{sheet}, {cell} ({column}, {name}) was changed from \"{was}\" to \"{now}\""),
    C.REPORT_CELL_DISAGREES: Message(422, "「{sheet}」{cell}（{column}，{name}）：所见为「{now}」，所附数据为「{data}」", "{sheet}, {cell} ({column}, {name}): the page shows \"{now}\", the data inside says \"{data}\""),
    C.REPORT_SHEET_CHANGED: Message(422, "「{sheet}」被改动：{what}", "{sheet} was changed: {what}"),
    C.REPORT_FILE_CHANGED: Message(422, "所见数字与签发的一致，但文件其他部分（格式、隐藏、图形等）不是签发时的样子：{where}", "The visible figures are those signed, but the file (formats, hidden rows, pictures) is not as it was issued: {where}"),
    C.REPORT_LAYOUT_UNKNOWN: Message(422, "报告版式 {layout} 与本软件的 {known} 不同，无法逐格核对；请用同版软件", "Layout {layout} is not this software's {known}: cells cannot be compared; use the software of that time"),
    C.REPORT_NOT_COMPARABLE: Message(422, "两份报告无法比较：{reason}", "The two reports cannot be compared: {reason}"),
    C.REPORT_POSITION_UNKNOWN: Message(422, "台账没有第 {position} 条（现有 {size} 条）", "The log has no row {position} (it has {size})"),
}
del C

Detail = str | int | bool | None | list[str] | list[int]


class LedgerError(Exception):
    """An error from the catalogue. `details` fill the message and travel with it."""

    def __init__(self, code: Code, /, **details: Detail) -> None:
        self.code = code
        self.details = details
        super().__init__(f"{code}: {self.text('en')}")

    @property
    def status(self) -> int:
        """The HTTP status that this error answers with."""
        return CATALOGUE[self.code].status

    def text(self, language: str = "zh") -> str:
        """The message in `zh` or `en`; a missing detail shows as an ellipsis rather than failing."""
        message = CATALOGUE[self.code]
        return (message.en if language == "en" else message.zh).format_map(_Blank(self.details))


class _Blank(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "…"
