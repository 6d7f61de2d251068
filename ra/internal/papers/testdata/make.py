"""Makes pictures and PDF documents with Pillow and qpdf. Usage: make.py FOLDER"""
import subprocess, sys
from PIL import Image, ImageDraw, PngImagePlugin

folder = sys.argv[1] + "/"
page = Image.new("RGB", (400, 300), "white")
draw = ImageDraw.Draw(page)
for i in range(0, 300, 9):
    draw.line((0, i, 400, 300 - i), fill=(i % 255, 90, 200 - i // 2), width=2)

page.save(folder + "plain.jpg")
page.save(folder + "progressive.jpg", progressive=True, quality=60)
page.save(folder + "full.jpg", progressive=True, subsampling=0)
page.convert("L").save(folder + "gray.jpg")
page.convert("CMYK").save(folder + "cmyk.jpg")
exif = Image.Exif()
exif[0x010f] = "a camera"
page.save(folder + "exif.jpg", exif=exif)
page.save(folder + "comment.jpg", comment=b"<script>alert(1)</script>")

page.save(folder + "plain.png")
page.convert("1").save(folder + "bits.png")
page.convert("P").save(folder + "palette.png")
page.convert("RGBA").save(folder + "alpha.png")
page.convert("I").point(lambda v: v * 257).convert("I;16").save(folder + "deep.png")
text = PngImagePlugin.PngInfo()
text.add_text("Author", "somebody")
page.save(folder + "text.png", pnginfo=text)
page.save(folder + "animated.png", save_all=True, append_images=[page.rotate(90)])
page.save(folder + "picture.gif")
page.save(folder + "picture.webp")
page.save(folder + "picture.tiff")
page.save(folder + "picture.bmp")

page.save(folder + "plain.pdf", save_all=True, append_images=[page, page.convert("L")])

def qpdf(name, *options):
    subprocess.run(["qpdf", folder + "plain.pdf", *options, folder + name], check=True)

qpdf("linear.pdf", "--linearize")
qpdf("packed.pdf", "--object-streams=generate")
qpdf("packed-linear.pdf", "--object-streams=generate", "--linearize")
qpdf("packed-plain.pdf", "--object-streams=generate", "--compress-streams=n")
qpdf("flate.pdf", "--qdf")
qpdf("encrypted.pdf", "--encrypt", "", "owner", "256", "--")
qpdf("encrypted-packed.pdf", "--object-streams=generate", "--encrypt", "", "owner", "256", "--")
qpdf("attachment.pdf", "--add-attachment", folder + "plain.png", "--")
qpdf("attachment-packed.pdf", "--object-streams=generate", "--add-attachment", folder + "plain.png", "--")
