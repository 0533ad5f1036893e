#!/usr/bin/env python3
"""Writes new-books.mrc: records as a library's own system exports them, to try an import with.

    python3 infra/demo/new_books.py [FILE]

CNMARC in ISO 2709, GB18030, with copies in 905. Works, authors and their times are facts; the edition, its publisher and its pages
are invented, as the sites are. There are no ISBNs, because none of these editions exists. The same bytes come of every run.
"""

import sys
from pathlib import Path

PUBLISHER, YEAR = "预借示范出版社", "2026"
# title, its pinyin, author with the dynasty, author's pinyin, pages, class, subject, summary, sites of its copies
BOOKS = [
    ("梦溪笔谈", "meng xi bi tan", "宋", "沈括", "shen kuo", 312, "Z429", "笔记", "天文、历法、音律、医药与工匠之事，一位宋人晚年在润州梦溪写下的见闻。", ["C01", "L01"]),
    ("天工开物", "tian gong kai wu", "明", "宋应星", "song ying xing", 286, "N092", "科学技术史", "从五谷、染色到冶铸、造纸，记下明代百工如何做成日用之物，附有图说。", ["C01"]),
    ("徐霞客游记", "xu xia ke you ji", "明", "徐弘祖", "xu hong zu", 498, "K928.9", "游记", "三十余年步行山川，所见的岩洞、江源与人情，逐日记来。", ["C01", "预借示范望京分馆"]),
    ("本草纲目", "ben cao gang mu", "明", "李时珍", "li shi zhen", 620, "R281.3", "本草", "分十六部叙药物的形态、产地与用法，改正前人的许多误记。", ["C01"]),
    ("茶经", "cha jing", "唐", "陆羽", "lu yu", 96, "TS971", "茶文化", "茶的源流、器具、煎法与饮法，三卷小书，讲尽一片叶子。", ["C01", "L02", "L03"]),
    ("水经注", "shui jing zhu", "北魏", "郦道元", "li dao yuan", 540, "K928.4", "历史地理", "以河流为纲，写沿途的山陵、城邑与传说，文字清峻。", ["C01"]),
    ("齐民要术", "qi min yao shu", "北魏", "贾思勰", "jia si xie", 402, "S-092", "农学史", "耕种、畜养、酿造与烹调，一千多年前的农家百科。", ["L01"]),
    ("洛阳伽蓝记", "luo yang qie lan ji", "北魏", "杨衒之", "yang xuan zhi", 188, "K928.7", "寺院", "追记洛阳城中佛寺的兴废，也是一座都城的挽歌。", ["C01"]),
    ("东京梦华录", "dong jing meng hua lu", "宋", "孟元老", "meng yuan lao", 174, "K29", "风俗", "汴京的街巷、酒楼、节令与杂戏，南渡之后的回忆。", ["C01", "L01"]),
    ("武林旧事", "wu lin jiu shi", "宋", "周密", "zhou mi", 220, "K29", "风俗", "宋亡之后，遗民笔下杭州的湖山、灯市与行当。", ["L02"]),
    ("陶庵梦忆", "tao an meng yi", "明", "张岱", "zhang dai", 160, "I264.8", "小品文", "繁华落尽，忆西湖、灯会、戏与茶，一百余则短文。", ["C01", "L03"]),
    ("闲情偶寄", "xian qing ou ji", "清", "李渔", "li yu", 330, "I264.9", "小品文", "戏曲、居室、饮馔、种植，把日子过得有趣的学问。", ["C01"]),
    ("随园食单", "sui yuan shi dan", "清", "袁枚", "yuan mei", 140, "TS972", "饮食文化", "三百余种菜肴点心，先说须知，再说戒条。", ["预借示范亚运村分馆", "C01"]),
    ("帝京景物略", "di jing jing wu lüe", "明", "刘侗", "liu tong", 296, "K291", "北京", "明末北京的园林、寺观与时节，一条一景，句句有味。", ["C01", "L01"]),
    ("阅微草堂笔记", "yue wei cao tang bi ji", "清", "纪昀", "ji yun", 455, "I242.1", "笔记小说", "狐鬼与人事，讲故事的是一位编过四库全书的老人。", ["C01"]),
]


def field(tag, *parts):
    return tag, "".join(parts)


def sub(code, text):
    return "\x1f" + code + text


def records():
    barcode = 2026090001
    for number, (title, pinyin, dynasty, author, author_pinyin, pages, clc, subject, summary, sites) in enumerate(BOOKS, start=1):
        fields = [
            field("001", f"YJ2026{number:05}"),
            field("005", "20260901090000.0"),
            field("100", "  ", sub("a", "20260901d2026    em y0chiy50      ea")),
            field("101", "0 ", sub("a", "chi")),
            field("102", "  ", sub("a", "CN"), sub("b", "110000")),
            field("200", "1 ", sub("a", title), sub("9", pinyin), sub("f", f"({dynasty}){author}著")),
            field("210", "  ", sub("a", "北京"), sub("c", PUBLISHER), sub("d", YEAR)),
            field("215", "  ", sub("a", f"{pages}页"), sub("d", "21cm")),
            field("225", "2 ", sub("a", "预借示范古籍选")),
            field("330", "  ", sub("a", summary)),
            field("606", "0 ", sub("a", subject), sub("z", "中国"), sub("j", "古籍")),
            field("690", "  ", sub("a", clc), sub("v", "5")),
            field("701", " 0", sub("c", f"({dynasty})"), sub("a", author), sub("9", author_pinyin), sub("4", "著")),
            field("801", " 0", sub("a", "CN"), sub("b", "YJDEMO"), sub("c", "20260901")),
        ]
        for site in sites:
            fields.append(field("905", "  ", sub("a", site), sub("b", str(barcode)), sub("d", clc), sub("e", str(number))))
            barcode += 1
        yield record(fields)


def record(fields):
    directory, data = b"", b""
    for tag, text in fields:
        content = text.encode("gb18030") + b"\x1e"
        directory += f"{tag}{len(content):04}{len(data):05}".encode()
        data += content
    base = 24 + len(directory) + 1
    length = base + len(data) + 1
    return f"{length:05}nam0 22{base:05}   450 ".encode() + directory + b"\x1e" + data + b"\x1d"


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("new-books.mrc")
    target.write_bytes(b"".join(records()))
