"""The script of the start page. Without it everything but the ticking, the copying and the following works.

- `time[data-left]`: counts down from so many seconds, in the page's units, and reloads the page at the end. It counts
  what has passed since the page was loaded, because the device's clock may be wrong.
- `[data-copy]`: shows the button, which copies the link.
- `body`'s child `[data-status]`: polls that URL while the page is visible, as often as Retry-After says; reloads the
  page when the response changes. When it is final (no Retry-After), goes where the person would have gone: `?follow=1`.
  When `data-soon` seconds have passed it polls only every 30 s. A poll without a response for 30 seconds, as long as
  API Gateway waits at most, is followed by another.
"""

SCRIPT = """
(()=>{"use strict";
const one=s=>document.querySelector(s),start=Date.now();
const time=one("time[data-left]");
if(time){const units=JSON.parse(time.dataset.units),left=+time.dataset.left;
const tick=()=>{const s=Math.max(0,left-Math.floor((Date.now()-start)/1000));
const [size,single,many]=units.find(u=>s>=u[0])||units[units.length-1],n=Math.floor(s/size);
const text=n===1?single:many.replace("{n}",n);
if(time.textContent!==text)time.textContent=text;
if(s>0)setTimeout(tick,1000);else if(left>0)setTimeout(()=>location.reload(),1500)};tick()}
const copy=one("[data-copy]"),link=one("#link");
if(copy&&link&&navigator.clipboard){copy.hidden=false;copy.addEventListener("click",()=>{link.select();
navigator.clipboard.writeText(link.value).then(()=>{copy.textContent=copy.dataset.copy},()=>{})})}
const follow=one("[data-status]");
if(follow){let last=null,due=0;const soon=start+follow.dataset.soon*1000;
const poll=async()=>{if(document.hidden||Date.now()<due)return;due=Date.now()+30000;let wait=10;
try{const r=await fetch(follow.dataset.status,{cache:"no-store"}),after=+r.headers.get("retry-after");
if(r.ok){const text=await r.text();
if(!after)return location.replace(location.pathname+"?follow=1");
if(last!==null&&text!==last)return location.reload();
last=text}else if(r.status===404)return location.reload();
wait=after||10}catch{}
if(Date.now()>soon)wait=Math.max(wait,30);
due=Date.now()+wait*1000};
document.addEventListener("visibilitychange",poll);setInterval(poll,1000);poll()}
})()
""".strip()
