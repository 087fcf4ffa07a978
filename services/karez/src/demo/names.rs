//! Invented names and codes. Every unit says that it is a demonstration: none can be taken for a real one.

/// Title and unit of the 20 projects approved in 2024, by number from 1.
pub(super) const APPROVED: [(&str, &str); 20] = [
    ("光伏组件沙尘自清洁涂层研发", "演示01号新能源材料有限公司"),
    ("煤基新材料中试工艺研究", "演示02号煤化工研究院"),
    ("高温区分布式储能测试平台", "演示03号储能科技有限公司"),
    ("葡萄干蒸馏酒工艺开发", "演示04号酒业有限公司"),
    ("戈壁设施哈密瓜水肥一体化示范", "演示05号农业科技有限公司"),
    ("风电叶片状态监测系统", "演示06号风电技术有限公司"),
    ("西甜瓜抗病新品种选育", "演示07号种业研究所"),
    ("葡萄霜霉病早期识别技术", "演示08号智慧农业有限公司"),
    ("鳖苗高温温室养殖技术", "演示09号特色养殖专业合作社"),
    ("驼乳冻干加工技术", "演示10号畜产品有限公司"),
    ("慢性病社区筛查路径研究", "演示11号中心医院"),
    ("热射病急救预警研究", "演示12号急救中心"),
    ("葡萄酒庄节水灌溉示范", "演示13号酒庄有限公司"),
    ("煤矸石资源化利用技术", "演示14号环保科技有限公司"),
    ("多胎肉羊繁育技术推广", "演示15号畜牧专业合作社"),
    ("绿氢制备耦合测试", "演示16号氢能技术有限公司"),
    ("基层社会治理数据平台", "演示17号信息技术有限公司"),
    ("维吾尔医外用制剂标准研究", "演示18号民族医药研究所"),
    ("低阶煤清洁热解工艺", "演示19号能源化工有限公司"),
    ("西瓜采后保鲜技术", "演示20号果蔬保鲜有限公司"),
];

/// Title and unit of the 11 earlier projects on rolling support.
pub(super) const ROLLING: [(&str, &str); 11] = [
    ("光热电站熔盐材料研究", "演示31号光热技术有限公司"),
    ("葡萄标准化栽培技术示范", "演示32号葡萄研究所"),
    ("煤化工废水零排放技术", "演示33号水处理有限公司"),
    ("坎儿井流域节水监测", "演示34号水利科学研究所"),
    ("设施甜瓜品质提升", "演示35号瓜果专业合作社"),
    ("新能源汽车高温电池测试", "演示36号检测技术有限公司"),
    ("肉牛冷链加工技术", "演示37号食品有限公司"),
    ("远程超声诊断示范", "演示38号第二医院"),
    ("桑葚功能成分提取", "演示39号生物科技有限公司"),
    ("风沙区光伏治沙示范", "演示40号生态科技有限公司"),
    ("葡萄籽油精炼工艺", "演示41号粮油加工有限公司"),
];

/// The fields of the report, with the kind of unit that applies in them.
const FIELDS: [(&str, &str); 7] = [
    ("绿色新能源", "新能源有限公司"),
    ("煤炭煤电煤化工", "化工有限公司"),
    ("西甜瓜", "瓜果专业合作社"),
    ("葡萄及葡萄酒", "酒庄有限公司"),
    ("特色畜牧养殖", "养殖专业合作社"),
    ("医疗卫生", "医院"),
    ("社会治理", "信息技术有限公司"),
];

const WORKS: [&str; 10] = [
    "关键技术研究",
    "新产品研发",
    "示范推广",
    "标准体系研究",
    "检测方法研究",
    "数字化改造",
    "中试验证",
    "平台建设",
    "成果转化",
    "应用研究",
];

/// Title, and number and name of the unit, of one of the 64 applications that were not approved. The last 24 are
/// second applications of units that had applied before.
pub(super) fn applied(number: u32) -> (String, u32, String) {
    let entry = usize::try_from(number).unwrap_or(0);
    let work = WORKS
        .get(entry / FIELDS.len() % WORKS.len())
        .copied()
        .unwrap_or_default();
    let (field, _) = FIELDS.get(entry % FIELDS.len()).copied().unwrap_or_default();
    let unit = if number > 60 { number - 40 } else { number };
    let of_unit = usize::try_from(unit).unwrap_or(0) % FIELDS.len();
    let (_, form) = FIELDS.get(of_unit).copied().unwrap_or_default();
    (
        format!("{field}{work}（演示）"),
        unit,
        format!("演示{:03}号{form}", 100 + unit),
    )
}

/// A code in the shape of a 统一社会信用代码, 18 characters, that says that it is none.
pub(super) fn unit_id(year: i32, number: u32) -> String {
    format!("DEMO650400{year:04}{number:04}")
}
