"""Numbers of nobody (area 999999 is in no list) with the check characters that
python-stdnum 2.2 (https://arthurdejong.org/python-stdnum/) gives them:

    python3 -m pip install python-stdnum==2.2 && python3 make.py 200 > check-characters.tsv

Its stdnum.cn.ric reads a resident number as one of base 13, its iso7064.mod_11_2 adds up
digit by digit, and both have to agree; its stdnum.cn.uscc has the weights of GB 32100 as
a table. None of the three is written as ours are.
"""

import random
import sys

from stdnum.cn import ric, uscc
from stdnum.iso7064 import mod_11_2

random.seed(11643)
count = int(sys.argv[1])
for _ in range(count):
    day = (random.randrange(1920, 2026), random.randrange(1, 13), random.randrange(1, 29))
    base = "999999%04d%02d%02d%03d" % (*day, random.randrange(1000))
    check = ric.calc_check_digit(base + "0")
    assert check == mod_11_2.calc_check_digit(base)
    print("resident", base + check, sep="\t")
for _ in range(count):
    code = "".join(random.choice("0123456789ABCDEFGHJKLMNPQRTUWXY") for _ in range(9))
    base = random.choice("159Y") + random.choice("1239") + "999999" + code
    print("credit-code", base + uscc.calc_check_digit(base), sep="\t")
