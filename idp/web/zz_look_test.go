package web_test

import (
	"context"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"manyou/idp/web"
	"manyou/idp/web/gallery"
)

func TestLook(t *testing.T) {
	region := os.Getenv("REGION")
	if region == "" {
		region = "33"
	}
	names := map[string]map[string]string{"33": {"zh": "浙江省统一身份认证", "en": "Zhejiang Identity"}, "00": {"zh": "国家统一身份认证", "en": "National Identity"}, "51": {"zh": "四川省统一身份认证", "en": "Sichuan Identity"}}
	w, err := web.New(web.Options{Issuer: "http://id.zj.example", Name: names[region], Region: region, CookieSuffix: region})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(gallery.Handler(w))
	defer s.Close()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("/usr/bin/chromium"), chromedp.NoSandbox, chromedp.Flag("disable-quic", true))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	for _, spec := range strings.Fields(os.Getenv("LOOK")) { // page:lang:width:theme:care
		f := strings.Split(spec, ":")
		width := map[string]int64{"320": 320, "390": 390, "1280": 1280}[f[2]]
		h := int64(844)
		if width == 1280 {
			h = 860
		}
		care := "0"
		if f[4] == "care" {
			care = "1"
		}
		if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: f[3]}}}); err != nil {
			t.Fatal(err)
		}
		chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{Name: "manyou_language_" + region, Value: f[1], URL: s.URL})
		chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{Name: "manyou_care_" + region, Value: care, URL: s.URL})
		vo := []chromedp.EmulateViewportOption{chromedp.EmulateScale(1.5)}
		if width < 1000 {
			vo = append(vo, chromedp.EmulateMobile)
		}
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, h, vo...), chromedp.Navigate(s.URL+"/"+f[0])); err != nil {
			t.Fatal(err)
		}
		b, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		os.WriteFile("/tmp/webshots/"+strings.ReplaceAll(spec, ":", "_")+"_"+region+".png", b, 0o644)
	}
}
