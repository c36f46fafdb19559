/* made by `make js` from workbench/widgets/js, 18ca6508d212071d424de6b67b5b323a */
var v,Qe,Zt,O,xe,le,Ye,re,Je,ke,ye,Xt,Z=Symbol.for("pv"),ce={},ue=[],en=/^m(i|n|o|s|text|space)$/,Se=Array.isArray,Te=ue.slice,K=Object.assign;function V(e){e&&e.parentNode&&e.remove()}function Ze(e,t,n){var o,a,s,i={},l=arguments.length;for(s in t)s=="key"?o=t[s]:s=="ref"&&typeof e!="function"?a=t[s]:i[s]=t[s];return l>2&&(i.children=l>3?Te.call(arguments,2):n),J(e,i,o,a,null)}function J(e,t,n,o,a){var s={type:e,props:t,key:n,ref:o,__k:null,__:null,__b:0,__e:null,__c:null,constructor:Z,__v:a||++Qe,__i:-1,__u:0};return!a&&v.vnode&&v.vnode(s),s}function pe(e){return e.children}function Q(e,t){this.props=e,this.context=t,this.__g=0}function F(e,t){if(t==null)return e.__&&F(e.__,e.__i+1);for(var n;t<e.__k.length;t++)if((n=e.__k[t])&&n.__e)return n.__e;return typeof e.type!="function"||e.props.__P?null:F(e)}function tn(e){var t,n=e.__v,o=n.__e,a=[],s=[],i=e.__P;i&&((t=K({constructor:Z},n)).__v=n.__v+1,v.vnode&&v.vnode(t),Me(i,t,n,e.__n,i.namespaceURI,32&n.__u?[o]:null,a,o||F(n),32&n.__u,s),t.__v=n.__v,t.__.__k[t.__i]=t,st(a,t,s),n.__=n.__e=null,t.__e!=o&&Xe(t))}function Xe(e){if((e=e.__)&&e.__c&&!e.props.__P)return e.__e=null,e.__k.some(function(t){return t&&(e.__e=t.__e)}),Xe(e)}function Ke(e){(8&e.__g||(e.__g|=8,O.push(e),le++))&&xe==v.debounceRendering||((xe=v.debounceRendering)||queueMicrotask)(et)}function et(){try{for(var e,t=1;O.length;)O.length>t&&O.sort(Ye),e=O.shift(),t=O.length,8&e.__g&&tn(e)}finally{(le=O.length)&&(xe||queueMicrotask)(et)}}function tt(e,t,n,o,a,s,i,l,p,d,u){var b,m,c,w,_,$,x=o.__k||ue,g=t.length;for(p=nn(n,t,x,p,g),b=0;b<g;b++)(c=n.__k[b])!=null&&(m=~c.__i&&x[c.__i]||ce,c.__i=b,$=Me(e,c,m,a,s,i,l,p,d,u),w=c.__e,(m.ref!=c.ref||8&m.__u)&&(m.ref&&Ce(m.ref,null,c,m),c.ref&&u.push(c.ref,c.__c||w,c)),_=_||w,4&c.__u?(p=nt(c,p,e,!m.__v),m.__e&&(m.__e=null)):typeof c.type=="function"&&$!==void 0?p=$:w&&(p=w.nextSibling),c.__u&=-21);return n.__e=_,p}function nn(e,t,n,o,a){var s,i,l,p,d,u,b,m,c,w=n.length,_=w,$=0,x=0,g=e.__k=Array(a);for(s=0;s<a;s++)(i=t[s])!=null&&typeof i!="boolean"&&typeof i!="function"?(typeof i!="object"||i.constructor===String?i=g[s]=J(null,i):Se(i)?i=g[s]=J(pe,{children:i}):i.constructor===Z&&i.__b?i=g[s]=J(i.type,i.props,i.key,i.ref,i.__v):g[s]=i,p=s+$,i.__=e,i.__b=e.__b+1,l=null,~(d=i.__i=on(i,n,p,_))&&(_--,(l=n[d])&&(l.__u|=2)),l&&l.__v?(i.__u|=16,d==p-1?$--:d==p+1?$++:d!=p&&(d>p?$--:$++,x=1)):(~d||(a>w?$--:a<w&&$++),typeof i.type!="function"&&(i.__u|=4))):g[s]=null;if(x){for(u=[],b=[],s=0;s<a;s++)if((i=g[s])&&16&i.__u){for($=0,m=u.length;$<m;)u[c=$+m>>1]<i.__i?$=c+1:m=c;u[$]=i.__i,b[s]=$+1}for($=u.length;s--;)b[s]&&(b[s]==$?$--:g[s].__u|=4)}if(_)for(s=0;s<w;s++)!(l=n[s])||2&l.__u||(l.__e==o&&(o=F(l)),Ue(l,l));return o}function nt(e,t,n,o){var a,s,i,l;if(typeof e.type=="function"){if(e.props.__P)return t;if(a=e.__k)for(s=0;s<a.length;s++)a[s]&&(a[s].__=e,t=nt(a[s],t,n,!1));return t}for(t&&!t.parentNode&&(t=F(e))&&!t.parentNode&&(t=null),i=e.__e,l=t;l&&l.nodeType==8;)l=l.nextSibling;for(i!=l&&(!o&&n.moveBefore&&i.parentNode?n.moveBefore(i,t):n.insertBefore(i,t||null)),t=i;(t=t&&t.nextSibling)&&t.nodeType==8&&!t.data.startsWith("$s"););return t}function on(e,t,n,o){var a,s=e.key,i=e.type,l=t[n],p=l&&!(2&l.__u);if(l===null&&s==null||p&&s==l.key&&i==l.type)return n;if(o>(p?1:0)){for(a=n-1;a>=0;a--)if((l=t[a])&&!(2&l.__u)&&s==l.key&&i==l.type)return a;for(a=n+1;a<t.length;a++)if((l=t[a])&&!(2&l.__u)&&s==l.key&&i==l.type)return a}return-1}function Ge(e,t,n){n==null&&(n=""),t[0]=="-"?e.setProperty(t,n):e[t]=n}function ae(e,t,n,o,a){var s,i;if(t=="style")if(typeof n=="string")e.style.cssText=n;else{if(typeof o=="string"&&(e.style.cssText=o=""),o)for(t in o)n&&t in n||Ge(e.style,t);if(n)for(t in n)o&&n[t]==o[t]||Ge(e.style,t,n[t])}else if(t[0]=="o"&&t[1]=="n")typeof n!="function"&&(n=null),typeof o!="function"&&(o=null),(e.__e||(e.__e={}))[t]=n,n&&o||(i=ye[t]||(ye[t]=sn(t)),(e.__a||(e.__a={}))[t]=ke,s=t!=(t=t.replace(Je,"$1")),(t=t.slice(2))[0]<"a"&&(t=t.toLowerCase()),n?e.addEventListener(t,i,s):e.removeEventListener(t,i,s));else{if(a=="http://www.w3.org/2000/svg")t=t.replace(/xlink(H|:h)/,"h").replace(/sName$/,"s");else if(t!="width"&&t!="height"&&t!="href"&&t!="list"&&t!="form"&&t!="tabIndex"&&t!="download"&&t!="rowSpan"&&t!="colSpan"&&t!="role"&&t!="popover"&&t in e)try{return void(e[t]=n??"")}catch{}if(typeof n=="function")return;n==null||n===!1&&t[4]!="-"?e.removeAttribute(t):e.setAttribute(t,t=="popover"&&n==1?"":n)}}function sn(e){return function(t){var n=this.__e;if(n){if(n=n[e],t[re]==null)t[re]=ke++;else if(t[re]<this.__a[e])return;return n(v.event?v.event(t):t)}}}function Me(e,t,n,o,a,s,i,l,p,d){var u,b,m,c,w,_,$,x,g,C,y,ve,We,se,z,Ve,q,W,j=t.type;if(t.constructor!==Z)return null;128&n.__u&&(p=32&n.__u,u=n.__c.__z)&&(t.__u|=p,b=s=[],u.nodeType==8?l=ie(u,s):s.push(u),l=s[0]||l),(u=v.__b)&&u(t);e:if(typeof j=="function"){m=i.length;try{if(x=t.props,g=(u=j.prototype)&&u.render,C=(u=j.contextType)&&o[u.__c],y=u?C?C.props.value:u.__:o,(c=n.__c)?(t.__c=c,2&c.__g&&(c.__g|=1)):(g?t.__c=c=new j(x,y):(t.__c=c=new Q(x,y),c.constructor=j,c.render=rn),C&&C.sub(c),c.state||(c.state={}),c.__n=o,c.__g|=8,c.__h=[],c.__k=[]),g&&(c.__s||(c.__s=c.state),j.getDerivedStateFromProps&&(c.__s==c.state&&(c.__s=K({},c.__s)),K(c.__s,j.getDerivedStateFromProps(x,c.__s)))),w=c.props,_=c.state,c.__v=t,n.__c){if(x!==w&&g&&!j.getDerivedStateFromProps&&c.componentWillReceiveProps&&c.componentWillReceiveProps(x,y),t.__v==n.__v&&!(8&c.__g)||!(4&c.__g)&&c.shouldComponentUpdate&&c.shouldComponentUpdate(x,c.__s,y)===!1){t.__v!=n.__v&&(c.props=x,c.state=c.__s,c.__g&=-9),t.__e=n.__e,t.__k=n.__k,t.__k.some(function(E){E&&(E.__=t)}),ue.push.apply(c.__h,c.__k),c.__k=[],c.__h.length&&i.push(c),l=F(n);break e}c.componentWillUpdate&&c.componentWillUpdate(x,c.__s,y),g&&c.componentDidUpdate&&c.__h.push(function(){c.componentDidUpdate(w,_,$)})}else g&&!j.getDerivedStateFromProps&&c.componentWillMount&&c.componentWillMount(),g&&c.componentDidMount&&c.__h.push(c.componentDidMount);c.context=y,c.props=x,c.__P=e,c.__g&=-5,ve=v.__r,We=g?25:0;do c.__g&=-9,ve&&ve(t),u=c.render(c.props,c.state=c.__s,c.context);while(8&c.__g&&++We<25);g&&(ue.push.apply(c.__h,c.__k),c.__k=[]),c.state=c.__s,c.getChildContext&&(o=K({},o,c.getChildContext())),g&&n.__c&&c.getSnapshotBeforeUpdate&&($=c.getSnapshotBeforeUpdate(w,_)),se=u&&u.type===pe&&u.key==null?u.props.children:u,x.__P&&(u=l,a=(e=x.__P).namespaceURI,p=s=null,n.props&&n.props.__P!=e&&(n.__k.some(function(E){E&&Ue(E,E)}),n.__k=null),l=n.__k?F(n,0):null),l=tt(e,Se(se)?se:[se],t,n,o,a,s,i,l,p,d),x.__P&&(t.__e=null,l=u),t.__u&=-161,b&&b.some(V),c.__h.length&&i.push(c),1&c.__g&&(c.__g&=-4)}catch(E){if(i.length=m,t.__v=null,p||s)if(E&&E.then){if(t.__u|=128|p,s){for(~(q=s.indexOf(l||void 0))||(q=s.length);(W=s[q-1])&&W.nodeType==8;)q--;for(;q<s.length;q++)if(W=s[q])if(s[q]=null,z){if(W==Ve)break}else{if(W.nodeType!=8)break;W.data.startsWith("$s")&&(Ve=ie(z=W))}}if(!z){for(;l&&l.nodeType==8&&l.nextSibling;)l=l.nextSibling;z=l}(u=ie(z=t.__c.__z||(t.__c.__z=z)))?(t.__e=z,l=u):t.__e=l,l=l&&l.nextSibling}else s&&s.some(V);else t.__e=n.__e;t.__k||(t.__k=n.__k||[]),E&&E.then||ot(t),v.__e(E,t,n)}}else l=t.__e=an(n.__e,t,n,o,a,s,i,p,d,e);return(u=v.diffed)&&u(t),l}function ie(e,t){if(e&&e.nodeType==8&&e.data.startsWith("$s"))for(var n=1;e=e.nextSibling;){if(e.nodeType==8){if(e.data.startsWith("$s"))n++;else if(e.data.startsWith("/$s")&&!--n)return e}t&&t.push(e)}}function ot(e){e&&(e.__c&&(e.__c.__g|=4),e.__k&&e.__k.some(ot))}function st(e,t,n){for(var o=0;o<n.length;)Ce(n[o++],n[o++],n[o++]);v.__c&&v.__c(t,e),e.some(function(a){try{e=a.__h,a.__h=[],e.some(function(s){s.call(a)})}catch(s){v.__e(s,a.__v)}})}function an(e,t,n,o,a,s,i,l,p,d){var u,b,m,c,w,_,$,x,g=n.props||ce,C=t.props,y=t.type;if(y=="svg"?a="http://www.w3.org/2000/svg":y=="math"?a="http://www.w3.org/1998/Math/MathML":a||(a="http://www.w3.org/1999/xhtml"),s){for(u=0;u<s.length;u++)if((w=s[u])&&(y?w.localName==y:w.nodeType==3)){e=w,s[u]=null;break}}if(!e){if(x=d.ownerDocument||document,!y)return x.createTextNode(C);e=x.createElementNS(a,y,C.is?C:d),l&&(v.__m&&v.__m(t,s),l=!1),s=null}if(y){if(d=y=="template"&&e.content||e,s=y=="textarea"&&C.defaultValue!=null?null:s&&Te.call(d.childNodes),!l&&s)for(g={},u=0;u<e.attributes.length;u++)g[(w=e.attributes[u]).name]=w.value;for(u in g)w=g[u],u=="dangerouslySetInnerHTML"?m=w:u=="children"||u in C||u=="value"&&"defaultValue"in C||u=="checked"&&"defaultChecked"in C||ae(e,u,null,w,a);for(u in C)w=C[u],u=="children"?c=w:u=="dangerouslySetInnerHTML"?b=w:u=="value"?_=w:u=="checked"?$=w:l&&typeof w!="function"||g[u]===w||ae(e,u,w,g[u],a);b?(l||m&&(b.__html==m.__html||b.__html==e.innerHTML)||(e.innerHTML=b.__html),t.__k=[]):(m&&(e.textContent=""),(y=="foreignObject"||a=="http://www.w3.org/1998/Math/MathML"&&en.test(y))&&(a="http://www.w3.org/1999/xhtml"),tt(d,Se(c)?c:[c],t,n,o,a,s,i,s?s[0]:n.__k&&F(n,0),l,p),s&&s.some(V)),l&&y!="textarea"||(u="value",y=="progress"&&_==null?e.removeAttribute(u):_==null||_===e[u]&&(y!="progress"||_)||ae(e,u,_,g[u],a),u="checked",$!=null&&$!=e[u]&&ae(e,u,$,g[u],a))}else g===C||l&&e.data==C||(e.data=C);return e}function Ce(e,t,n,o){try{typeof e=="function"?t?t.__x=e(t)||1:o&&(o=o.__c||o.__e)&&(t=o.__x)&&(o.__x=null,typeof t=="function"?t():e(null)):e.current=t}catch(a){v.__e(a,n)}}function Ue(e,t,n){var o,a,s,i;if(v.unmount&&v.unmount(e),!(o=e.ref)||o.current&&o.current!=e.__e||Ce(o,null,t,e),o=e.__c){if(o.componentWillUnmount)try{o.componentWillUnmount()}catch(l){v.__e(l,t)}o.__P=o.__n=null}if(o=e.__k)for(i=0;i<o.length;i++)o[i]&&Ue(o[i],t,typeof e.type!="function"||n&&!e.props.__P);!n&&(o=e.__c)&&(o=o.__z)&&(a=ie(o,s=[]))&&(o==e.__e&&s.some(V),V(a),V(o)),n||V(e.__e),e.__e=e.__c=e.__=null}function rn(e,t,n){return this.constructor(e,n)}function Pe(e,t){var n,o,a,s;v.__&&v.__(e,t),t.nodeType==9&&(t=t.documentElement),o=(n=e&&32&e.__u)?null:t.__k,t.__k=J(pe,{children:[e]}),a=[],s=[],Me(t,t.__k,o||ce,ce,t.namespaceURI,o?null:t.firstChild?Te.call(t.childNodes):null,a,o?o.__e:t.firstChild,n,s),st(a,t.__k,s),t.__k.props.children=null}v={__e:function(e,t,n,o){for(var a,s,i;t=t.__;)if((a=t.__c)&&!(1&a.__g)){a.__g|=4;try{if((i=(s=a.constructor)&&s.getDerivedStateFromError)&&a.setState(s.getDerivedStateFromError(e)),a.componentDidCatch&&(a.componentDidCatch(e,o||{}),i=1),i&&8&a.__g)return void(a.__g|=2)}catch(l){e=l}}throw le=0,e}},Qe=0,Zt=function(e){return e!=null&&e.constructor===Z},Q.prototype.setState=function(e,t){var n=this.__s;n&&n!=this.state||(n=this.__s=K({},this.state)),typeof e=="function"&&(e=e(K({},n),this.props)),e&&(K(n,e),this.__v&&(t&&this.__k.push(t),Ke(this)))},Q.prototype.forceUpdate=function(e){this.__v&&(this.__g|=4,e&&this.__h.push(e),Ke(this))},Q.prototype.render=pe,O=[],le=0,Ye=function(e,t){return e.__v.__b-t.__v.__b},re=Symbol(),Je=/(PointerCapture)$|Capture$/i,ke=0,ye={},Xt=0;var ee,M,Ae,at,Ee=Object.is,de=0,mt=[],Le=[],T=v,rt=T.__b,it=T.__r,lt=T.diffed,ct=T.__c,ut=T.unmount,pt=T.__;function Ne(e,t){T.__h&&T.__h(M,e,de||t),de=0;var n=M.__H||(M.__H={__:[],__h:[]});return e>=n.__.length&&n.__.push({}),n.__[e]}function U(e){return de=1,ln(wt,e)}function ln(e,t,n){var o=Ne(ee++,2);if(o.t=e,!o.__c&&(o.__=[n?n(t):wt(void 0,t),function(s){var i=(o.__N||o.__)[0],l=o.t(i,s);Ee(i,l)||(o.__N=[l,o.__[1]],o.__c.setState({}))}],o.__c=M,!M.__f)){M.__f=!0;var a=M.shouldComponentUpdate;M.shouldComponentUpdate=function(s,i,l){var p=this.__H;if(!p)return!0;var d=!1,u=this.props!=s;if(p.__.some(function(m){m.__N&&(d=!0,Ee(m.__[0],m.__N[0])||(u=!0))}),a){var b=a.call(this,s,i,l);return d?b||u:b}return!d||u}}return o.__}function D(e,t){var n=Ne(ee++,3);!T.__s&&ft(n.__H,t)&&(n.__P=!0,n.__=e,n.u=t,M.__H.__h.push(n))}function N(e){return de=5,cn(function(){return{current:e}},[])}function cn(e,t){var n=Ne(ee++,7);return ft(n.__H,t)&&(n.__=e(),n.__H=t),n.__}function un(){var e;do{for(;e=Le.shift();)try{X(e)}catch(n){T.__e(n,{__:(e=e.__P)&&e.__v})}for(;e=mt.shift();){var t=e.__H;if(e.__P&&t)try{t.__h.some(X),t.__h.some(De),t.__h=[]}catch(n){t.__h=[],T.__e(n,e.__v)}}}while(Le.length)}T.__b=function(e){M=null,rt&&rt(e)},T.__=function(e,t){e&&t.__k&&t.__k.__m&&(e.__m=t.__k.__m),pt&&pt(e,t)},T.__r=function(e){it&&it(e),ee=0;var t=(M=e.__c).__H;t&&(Ae==M?M.__h=[]:(t.__h.some(X),t.__h.some(De),ee=0),t.__h=[],t.__.some(function(n){n.__N&&(n.__=n.__N),n.u=n.__N=void 0})),Ae=M},T.diffed=function(e){lt&&lt(e);var t=e.__c;t&&t.__H&&(t.__H.__h.length&&bt(mt.push(t)),t.__H.__.some(function(n){n.u&&(n.__H=n.u)})),Ae=M=null},T.__c=function(e,t){t.some(function(n){try{n.__h.some(X),n.__h=n.__h.filter(function(o){return!o.__||De(o)})}catch(o){n.__h=[function(){throw o}]}}),ct&&ct(e,t)},T.unmount=function(e){ut&&ut(e);var t,n,o=e.__c;o&&o.__H&&(o.__H.__.some(function(a){try{if(a.__P&&a.__c){if(n===void 0){for(n=e.__;n&&(!n.__c||!n.__c.__P);)n=n.__;n=n&&n.__c}a.__P=n,bt(Le.push(a))}else X(a)}catch(s){t=s}}),o.__H=void 0,t&&T.__e(t,o.__v))};var dt=typeof requestAnimationFrame=="function";function pn(e){var t,n=function(){clearTimeout(o),dt&&cancelAnimationFrame(t),setTimeout(e)},o=setTimeout(n,35);dt&&(t=requestAnimationFrame(n))}function bt(e){e!=1&&at==T.requestAnimationFrame||((at=T.requestAnimationFrame)||pn)(un)}function X(e){var t=M,n=e.__c;typeof n=="function"&&(e.__c=void 0,n()),M=t}function De(e){var t=M;e.__c=e.__(),M=t}function ft(e,t){return!e||e.length!=t.length||t.some(function(n,o){return!Ee(n,e[o])})}function wt(e,t){return typeof t=="function"?t(e):t}var h=e=>String(Math.trunc(e)).replace(/\B(?=(\d{3})+$)/g,","),S=(e,t,n=`${t}s`)=>`${h(e)} ${e===1?t:n}`,Ie=e=>String(Number(e.toPrecision(3)));function A(e){if(e<1e3)return`${Math.max(0,Math.trunc(e))} µs`;if(e<999950)return`${Ie(e/1e3)} ms`;let t=e/1e6;if(t<59.95)return`${t.toFixed(1)} s`;let n=Math.round(t);return n>=86400?`${Math.floor(n/86400)} d ${Math.floor(n%86400/3600)} h`:n>=3600?`${Math.floor(n/3600)} h ${Math.floor(n%3600/60)} min`:`${Math.floor(n/60)} min ${n%60} s`}function je(e){if(e<1e3)return`${e} B`;let t=e/1e3;for(let n of["kB","MB"]){if(t<999.5)return`${Ie(t)} ${n}`;t/=1e3}return t<999.5?`${Ie(t)} GB`:`${h(Math.round(t))} GB`}var G=e=>e?`${e<10?e.toFixed(1):h(Math.round(e))}/s`:"",L=e=>e<5995e4?`${(Math.max(0,e)/1e6).toFixed(1)} s`:A(e);function H(e,t){if(!e)return"";let n=Math.max(0,Math.floor((t-e)/1e6));return n<1?"just now":n>=86400?`${Math.floor(n/86400)} d ago`:n>=3600?`${Math.floor(n/3600)} h ago`:n>=60?`${Math.floor(n/60)} min ago`:`${n} s ago`}function ht(e,t){let n=new Date(e/1e3),o=n.toLocaleTimeString();return n.toDateString()===new Date(t/1e3).toDateString()?o:`${n.toLocaleDateString()} ${o}`}var dn=/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]/gu,f=e=>e.replace(dn,t=>`\\u${t.codePointAt(0).toString(16).padStart(4,"0")}`);var $t=function(e,t,n,o){var a;t[0]=0;for(var s=1;s<t.length;s++){var i=t[s++],l=t[s]?(t[0]|=i?1:2,n[t[s++]]):t[++s];i===3?o[0]=l:i===4?o[1]=Object.assign(o[1]||{},l):i===5?(o[1]=o[1]||{})[t[++s]]=l:i===6?o[1][t[++s]]+=l+"":i?(a=e.apply(l,$t(e,l,n,["",null])),o.push(a),l[0]?t[0]|=2:(t[s-2]=0,t[s]=a)):o.push(l)}return o},_t=new Map;function gt(e){var t=_t.get(this);return t||(t=new Map,_t.set(this,t)),(t=$t(this,t.get(e)||(t.set(e,t=(function(n){for(var o,a,s=1,i="",l="",p=[0],d=function(m){s===1&&(m||(i=i.replace(/^\s*\n\s*|\s*\n\s*$/g,"")))?p.push(0,m,i):s===3&&(m||i)?(p.push(3,m,i),s=2):s===2&&i==="..."&&m?p.push(4,m,0):s===2&&i&&!m?p.push(5,0,!0,i):s>=5&&((i||!m&&s===5)&&(p.push(s,0,i,a),s=6),m&&(p.push(s,m,0,a),s=6)),i=""},u=0;u<n.length;u++){u&&(s===1&&d(),d(u));for(var b=0;b<n[u].length;b++)o=n[u][b],s===1?o==="<"?(d(),p=[p],s=3):i+=o:s===4?i==="--"&&o===">"?(s=1,i=""):i=o+i[0]:l?o===l?l="":i+=o:o==='"'||o==="'"?l=o:o===">"?(d(),s=1):s&&(o==="="?(s=5,a=i,i=""):o==="/"&&(s<5||n[u][b+1]===">")?(d(),s===3&&(p=p[0]),s=p,(p=p[0]).push(2,0,s),s=0):o===" "||o==="	"||o===`
`||o==="\r"?(d(),s=2):i+=o),s===3&&i==="!--"&&(s=4,p=p[0])}return d(),p})(e)),t),arguments,[])).length>1?t:t[0]}var r=gt.bind(Ze);var vt={ok:"M3 8.5l3.2 3.2L13 4.8",raised:"M4 4l8 8M12 4l-8 8",abandoned:"M8 4.5V8l2.4 1.6M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z",refused:"M3.8 3.8l8.4 8.4M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z",rejected:"M6.5 3.5L3 7l3.5 3.5M3 7h7a3 3 0 0 1 0 6H8",failed:"M8 6v3.4M8 11.6v.4M8 2l6.5 11.5h-13z"},xt=({name:e})=>r`<svg class="wb-icon" viewBox="0 0 16 16" width="13" height="13" aria-hidden="true">
  <path d=${vt[e]??vt.failed} />
</svg>`;var bn={ArrowDown:1,ArrowUp:-1,Home:-1/0,End:1/0};function me(e,t){let n=bn[e.key];if(n===void 0||!t)return;let o=[...t.querySelectorAll("button")],a=o.indexOf(e.target.closest("button"));if(a<0)return;e.preventDefault();let s=o[Math.min(o.length-1,Math.max(0,a+n))];for(let i of o)i.tabIndex=i===s?0:-1;s.focus()}var be=class{constructor(){this.wanted=""}take(t){return n=>{!n||this.wanted!==t||(this.wanted="",n.focus({preventScroll:!0}))}}};function fe(e,t){e.focus.wanted="back",e.ask("open",{actor:t})}function te(e){e.focus.wanted=`actor:${e.frame.view.name}`,e.ask("back")}function yt(e,t){e.key==="Escape"&&(e.stopPropagation(),t.frame.view?.back?te(t):e.target.blur?.())}var k=({text:e})=>r`<span class="wb-name" title=${f(e)}>${f(e)}</span>`,mn={running:"busy",ready:"good",loading:"busy",stopping:"warn",held:"warn",suspended:"warn",passive:"idle",template:"idle"},ne=({phase:e,children:t})=>r`<span class="wb-phase wb-tone-${mn[e]??"idle"}"><i class="wb-dot" />${t??e}</span>`;function kt({problem:e}){let t=e.kind==="missing"?"info":"bad";return r`<div class="wb-banner wb-tone-${t}">
    <strong>${e.title}</strong>
    ${(e.text??"").split(`
`).map(n=>r`<div>${n}</div>`)}
  </div>`}function I({link:e}){let t=e.frame.view?.problem?.kind;return e.isStale()?r`<span class="wb-live wb-tone-bad"><i class="wb-dot" />no news</span>`:t==="stopped"?r`<span class="wb-live wb-tone-idle"><i class="wb-dot" />stopped</span>`:e.queued?r`<span class="wb-live wb-tone-warn"><i class="wb-dot" />queued until the cell ends</span>`:r`<span class="wb-live wb-tone-good"><i class="wb-dot wb-pulse" />live</span>`}function B({code:e}){let[t,n]=U(!1);return r`<button class="wb-command" title="Copy" aria-label="Copy ${e}" onClick=${async()=>{try{await globalThis.navigator.clipboard.writeText(e),n(!0),setTimeout(()=>n(!1),1200)}catch{n(!1)}}}>${t?"copied":e}</button>`}var fn=[["actors","topology"],["now","timeline"]],wn=e=>e[0].toUpperCase()+e.slice(1),R=({link:e,shown:t})=>r`<span class="wb-tabs" role="group" aria-label="Show">
  ${fn.find(n=>n.includes(t)).map(n=>r`<button class="wb-tab" aria-pressed=${n===t?"true":"false"}
    ref=${e.focus.take(`tab:${n}`)} onClick=${()=>hn(e,n)}>${wn(n)}</button>`)}
</span>`;function hn(e,t){e.focus.wanted=`tab:${t}`,e.ask("show",{what:t})}var P=({title:e,note:t,children:n,grow:o})=>r`<section class="wb-section ${o?"wb-grow":""}">
  <h4><span class="wb-title">${e}</span>${t?r`<span class="wb-note">${t}</span>`:null}</h4>
  ${n}
</section>`;var Y=e=>t=>Object.fromEntries(e.map((n,o)=>[n,t[o]])),we=Y(["sequence","action","outcome","detail","tookUs","waitedUs","revision","changed","finishedUs","caller","invocation","call","answer"]),St=Y(["name","parent","kind","phase","revision","waiting","turns","failures","lastTurnUs","oldestUs","action","actionSinceUs","deployed"]),Tt=Y(["name","members","x","y","calls","failures"]),Mt=Y(["source","target","path","head","calls","failures","meanUs","slowestUs","rate"]),Ct=Y(["action","caller","enqueuedUs"]),Ut=Y(["atUs","action","mark","text"]);var Pt=60,He=3,oe=24,_n=4;function $n(e,t){let n=e?.values??[],o=Math.max(_n,...n.map(i=>i??0)),a=Math.max(0,Math.floor(t/1e6)-(e?.until_s??0)),s=Pt-n.length-a;return n.map((i,l)=>[s+l,i?Math.max(1,i/o*oe):0]).filter(([i,l])=>i>=0&&l)}function he({series:e,nowUs:t,label:n}){let o=Pt*He;return r`<svg class="wb-spark" role="img" aria-label=${n} viewBox="0 0 ${o} ${oe+1}"
      width=${o} height=${oe+1}>
    <path class="wb-spark-bars" d=${$n(e,t).map(gn).join("")} />
    <rect class="wb-spark-base" y=${oe} width=${o} height="1" />
  </svg>`}var gn=([e,t])=>`M${e*He} ${oe}v${-t.toFixed(1)}h${He-1}v${t.toFixed(1)}z`;var vn=6,xn=56,qe={map:["entry","entries"],list:["item"]},Oe=e=>e.kind==="map"||e.kind==="list";function _e({node:e}){return Oe(e)?r`<div class="wb-tree"><${At} node=${e} depth=${0} /></div>`:r`<div class="wb-tree"><${Lt} node=${e} /></div>`}function At({node:e,depth:t}){let n=e.items??[];return r`<ul class="wb-items">
    ${n.map(([o,a])=>r`<${yn} key=${o} name=${o} node=${a} depth=${t} />`)}
    ${e.more?r`<li class="wb-more">… ${S(e.more,`more ${qe[e.kind][0]}`,qe[e.kind][1]&&`more ${qe[e.kind][1]}`)}</li>`:null}
    ${!n.length&&!e.more?r`<li class="wb-more">empty</li>`:null}
  </ul>`}function yn({name:e,node:t,depth:n}){let o=Oe(t)&&t.items?.length>0,a=o?Sn(t):"",[s,i]=U(o&&!a&&n<1&&t.items.length<=vn),l=r`<span class="wb-key">${e}</span>`;return r`<li class="wb-item ${kn(t,s)?"wb-changed":""}">
    <div class="wb-line">
      ${o?r`<button class="wb-toggle" aria-expanded=${s} onClick=${()=>i(!s)}>${l}</button>`:r`<span class="wb-toggle wb-toggle-none">${l}</span>`}
      <span class="wb-shown"><${Lt} node=${t} short=${s?"":a} /></span>
    </div>
    ${s?r`<${At} node=${t} depth=${n+1} />`:null}
  </li>`}var kn=(e,t)=>!!e.change||!t&&Et(e),Et=e=>(e.items??[]).some(([,t])=>t.change||Et(t));function Sn(e){let t=e.items??[];if(e.more||t.some(([,a])=>a.items?.length||a.more))return"";let n=e.kind==="map",o=t.map(([a,s])=>n?`${a}: ${s.text}`:s.text).join(", ");return o.length>xn?"":n?`{${o}}`:`[${o}]`}function Lt({node:e,short:t=""}){let n=t||e.text,o=Fe(n),a=e.more&&!Oe(e)&&e.kind!=="bytes";return r`<span class="wb-value wb-${t?"short":e.kind}" ref=${o}>${n}</span>
    ${a?r`<span class="wb-more"> … ${h(e.more)} more characters</span>`:null}
    ${e.was?r` <span class="wb-was">was ${e.was}</span>`:null}
    ${e.change==="new"?r` <span class="wb-was">new</span>`:null}`}function Fe(e){let t=N(null),n=N(e);return D(()=>{n.current!==e&&!globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches&&t.current?.animate?.([{backgroundColor:"var(--wb-flash)"},{backgroundColor:"transparent"}],900),n.current=e},[e]),t}function Nt({link:e,nowUs:t,children:n}){let{view:o}=e.frame;return r`<div class="wb-panel">
    <${Tn} view=${o} link=${e} />
    ${n}
    ${o.phase?r`<${Cn} view=${o} nowUs=${t} />`:null}
    <${On} view=${o} />
  </div>`}function Tn({view:e,link:t}){return r`<div class="wb-header">
    ${e.back?r`<button class="wb-button" ref=${t.focus.take("back")} onClick=${()=>te(t)} title="Esc">‹ All actors</button>`:null}
    <h3><${k} text=${e.name} /></h3>
    ${e.phase?r`<${R} link=${t} shown="now" />`:null}
    ${e.phase?r`<${ne} phase=${e.phase} />`:null}
    ${e.phase?r`<${Mn} view=${e} />`:null}
    <span class="wb-space" />
    <${I} link=${t} />
  </div>`}function Mn({view:e}){let t=Fe(e.revision);return r`<span class="wb-facts">
    <span>${e.kind}${e.parent?r` of <${k} text=${e.parent} />`:null}</span>
    <span>revision <b ref=${t} data-wb="revision">${h(e.revision??0)}</b></span>
    ${e.definition?r`<span>definition <code>${e.definition}</code></span>`:null}
    ${e.deployed===!1?r`<span class="wb-tone-warn">code not loaded</span>`:null}
  </span>`}function Cn({view:e,nowUs:t}){return r`<div class="wb-body">
      <${P} title="State" grow><${Un} view=${e} /><//>
      <div class="wb-side">
        <${Pn} box=${e.mailbox??{}} nowUs=${t} />
        <${En} running=${e.running} nowUs=${t} />
        <${Ln} stored=${e.stored} nowUs=${t} />
      </div>
    </div>
    <${Dn} view=${e} nowUs=${t} />
    <${Nn} rows=${(e.log??[]).map(Ut)} nowUs=${t} />`}function Un({view:e}){return e.state?r`<${_e} node=${e.state} />`:r`<p class="wb-empty">${e.phase==="template"?"A template has no state; its children have.":"No state yet."}</p>`}function Pn({box:e,nowUs:t}){let n=e.waiting??0,o=(e.head??[]).map(Ct),a=n&&e.oldest_us?`oldest ${L(t-e.oldest_us)}`:"";return r`<${P} title="Mailbox" note=${a}>
    <div class="wb-depth">
      <span><b class="wb-big" data-wb="depth">${h(n)}</b> waiting</span>
      <${he} series=${e.depths} nowUs=${t} label="Mailbox depth in the last minute, now ${n}" />
    </div>
    ${o.length?r`<ol class="wb-queue">${o.map(s=>r`<${An} w=${s} nowUs=${t} />`)}
      ${n>o.length?r`<li class="wb-more">… ${h(n-o.length)} more</li>`:null}</ol>`:null}
  <//>`}var An=({w:e,nowUs:t})=>r`<li>
  <${k} text=${e.action} />
  <span class="wb-muted">${e.caller?`from ${f(e.caller)} `:""}${L(t-e.enqueuedUs)}</span>
</li>`;function En({running:e,nowUs:t}){return e?r`<${P} title="Running">
    <div class="wb-running"><i class="wb-dot wb-pulse" /><${k} text=${e.action} />
      <b data-wb="elapsed">${e.since_us?L(t-e.since_us):""}</b>
      ${e.caller?r`<span class="wb-muted">called by ${f(e.caller)}</span>`:null}
    </div>
  <//>`:null}function Ln({stored:e,nowUs:t}){if(!e)return null;let{ahead:n=0,revision:o=0,changes:a=[]}=e;return r`<${P} title="Snapshot" note=${e.durability?`durability ${e.durability}`:""}>
    <div class="wb-stored ${n?"wb-tone-warn":"wb-tone-good"}" data-wb="stored"><i class="wb-dot" />
      <span>${e.written_us?r`revision <b>${h(o)}</b>, ${je(e.size_bytes??0)}, written ${H(e.written_us,t)}`:"nothing is stored yet"}</span></div>
    ${n?r`<div data-wb="ahead">memory is <b>${S(n,"revision")}</b> ahead, ${je(e.memory_bytes??0)}: a kill now ${e.written_us?`goes back to revision ${h(o)}`:"leaves nothing of it"}</div>`:null}
    ${a.length?r`<ul class="wb-changes">${a.map(s=>r`<li class="wb-value">${f(s)}</li>`)}</ul>`:null}
    ${e.due_us?r`<div class="wb-muted" data-wb="due">next snapshot in ${L(e.due_us-t)}</div>`:null}
    ${e.leaves_us?r`<div class="wb-muted" data-wb="leaves">leaves memory in ${A(Math.max(0,e.leaves_us-t))} unless it is called</div>`:null}
    ${e.status==="DEACTIVATED"?r`<div class="wb-muted">written when it left memory</div>`:null}
  <//>`}function Dn({view:e,nowUs:t}){let n=(e.recent??[]).map(we),o=e.rate?` · ${G(e.rate)}`:"",a=e.failures?r` · <span class="wb-tone-bad">${S(e.failures,"failure")}</span>`:null,s=r`${S(e.turns??0,"turn")} since the system started${o}${a}`;return r`<${P} title="Last turns" note=${s}>
    ${n.length?r`<${Be} rows=${n} nowUs=${t} />`:r`<p class="wb-empty">${In(e)}</p>`}
  <//>`}function Nn({rows:e,nowUs:t}){return e.length?r`<${P} title="Log">
    <div class="wb-log" role="log" aria-live="off">${e.map(n=>r`<div class="wb-said">
      <span class="wb-muted">${H(n.atUs,t)}</span><${k} text=${n.action} />
      <span class="wb-value ${n.mark&&n.mark!=="debug"?"wb-tone-bad":""}">${n.mark?`${n.mark}: `:""}${f(n.text)}</span>
    </div>`)}</div>
  <//>`:null}var In=e=>e.turns||e.revision?"None of its turns is among the last of the system; its history has them.":"No turns yet.",Be=({rows:e,nowUs:t})=>r`<div class="wb-scroll" role="region" aria-label="Last turns" tabindex="0"><table class="wb-table wb-turns" aria-label="Last turns, the newest first">
  <thead><tr>
    <th scope="col" class="wb-num wb-optional">turn</th><th scope="col">action</th><th scope="col">outcome</th>
    <th scope="col" class="wb-num">took</th><th scope="col" class="wb-num wb-optional">waited</th>
    <th scope="col" class="wb-num">revision</th><th scope="col" class="wb-num wb-optional">when</th>
  </tr></thead>
  <tbody>${e.map(n=>r`<${jn} key=${`${n.sequence}:${n.invocation}:${n.finishedUs}`} row=${n} nowUs=${t} />`)}</tbody>
</table></div>`;function jn({row:e,nowUs:t}){let[n,o]=U(!1);return r`<${qn} row=${e} nowUs=${t} isOpen=${n} toggle=${e.call?()=>o(!n):null} />
    ${n?r`<tr class="wb-opened"><td colspan="7">
      <div class="wb-value">${f(e.call)}${e.answer?` → ${f(e.answer)}`:""}</div>
      ${e.detail?r`<div class="wb-value wb-tone-bad">${e.detail}</div>`:null}
      <div class="wb-ways">${Hn(e).map(a=>r`<${B} key=${a} code=${a} />`)}</div>
    </td></tr>`:null}`}function Hn({invocation:e,outcome:t}){let n=e.slice(-6),o=t==="ok"?[]:[`%postmortem ${n}`,`%retry ${n}`,`%retry ${n} --fork`];return[`wb.cause("${n}")`,...o]}var qn=({row:e,nowUs:t,isOpen:n,toggle:o})=>r`<tr>
  <td class="wb-num wb-muted wb-optional">${e.sequence?h(e.sequence):"–"}</td>
  <td>${o?r`<button class="wb-toggle" aria-expanded=${n?"true":"false"} onClick=${o}><${k} text=${e.action} /></button>`:r`<${k} text=${e.action} />`}${e.caller?r`<span class="wb-muted"> from ${f(e.caller)}</span>`:null}</td>
  <td><${Re} row=${e} /></td>
  <td class="wb-num">${A(e.tookUs)}</td>
  <td class="wb-num wb-muted wb-optional">${A(e.waitedUs)}</td>
  <td class="wb-num ${e.changed?"":"wb-muted"}">${e.changed?"→ ":""}${h(e.revision)}</td>
  <td class="wb-num wb-muted wb-optional">${H(e.finishedUs,t)}</td>
</tr>`,Dt={ok:["good","succeeded"],raised:["bad","the action raised; the state is as it was"],abandoned:["warn","given up before it ended; the state is as it was"],refused:["bad","its result could not be kept; the state is as it was"],rejected:["warn","never ran: the call did not fit"],failed:["bad","the system could not run it"],defect:["bad","a defect of the workbench"]};function Re({row:e}){let[t,n]=Dt[e.outcome]??Dt.failed;return r`<span class="wb-outcome wb-tone-${t}" title=${n}><${xt} name=${e.outcome} />${e.outcome}</span>
    ${e.detail?r`<span class="wb-detail" title=${e.detail}>${e.detail}</span>`:null}`}function On({view:e}){let{dropped:t=0,merged:n=0}=e.counters??{};return e.commands?.length?r`<div class="wb-footer">
    ${(e.commands??[]).map(o=>r`<${B} code=${o} />`)}
    <span class="wb-space" />
    ${(e.absent??[]).map(o=>r`<span>${o}</span>`)}
    ${n?r`<span title="More turns were made than pictures are drawn">${S(n,"turn")} passed between updates</span>`:null}
    ${t?r`<span class="wb-tone-warn" title="More happened than could be read">${S(t,"event")} dropped</span>`:null}
  </div>`:null}function It(e,t){let{view:n}=e;return n?t.isStale()?"No news from the kernel.":t.queued?"Waiting for the running cell to end.":t.unknown?t.unknown:n.problem?n.problem.title:n.panel==="actor"&&n.failures?`${n.name}: ${n.failures} failures`:"":""}var $e=class{constructor(t=()=>Date.now()){this.now=t,this.said="",this.saidAt=-1/0}next(t){return t!==this.said&&this.now()-this.saidAt>=5e3&&(this.said=t,this.saidAt=this.now()),this.said}};function jt({link:e,nowUs:t,children:n}){let{view:o}=e.frame;return r`<div class="wb-panel">
    <div class="wb-header">
      <h3><${k} text=${o.name} /></h3>
      <${Fn} view=${o} link=${e} />
      <span class="wb-space" />
      <${I} link=${e} />
    </div>
    ${n}
    <${Bn} key=${o.action} view=${o} link=${e} nowUs=${t} />
    <${Wn} calls=${o.calls??[]} held=${o.held} />
  </div>`}function Fn({view:e,link:t}){let n=o=>t.ask("choose",{action:o.target.value});return r`<label class="wb-facts wb-choice">action
    <select class="wb-input" value=${e.action} onChange=${n}>
      ${(e.actions??[]).map(o=>r`<option key=${o} value=${o} selected=${o===e.action}>${f(o)}</option>`)}
    </select>
  </label>`}function Bn({view:e,link:t,nowUs:n}){let[o,a]=U({}),s=e.fields??[],i=(d,u)=>a({...o,[d]:u}),l=d=>{d.key!=="Enter"||d.isComposing||d.target.localName!=="input"||(d.stopPropagation(),p(d))},p=d=>{if(d.preventDefault(),e.running)return;let u={};for(let b of s){let m=o[b.name]??(b.is_flag?b.default==="True":"");u[`field ${b.name}`]=m}t.ask("call",u)};return r`<form class="wb-form" onSubmit=${p} onKeyDown=${l} aria-label="Message for ${f(e.name)}.${f(e.action??"")}">
    ${s.map(d=>r`<${Rn} key=${d.name} field=${d} value=${o[d.name]} put=${i} />`)}
    ${s.length?null:r`<p class="wb-muted">This action has no parameters.</p>`}
    ${e.held?r`<p class="wb-tone-warn" role="status">${f(e.held)}</p>`:null}
    ${e.limit?r`<p class="wb-muted">A call that takes longer than ${e.limit} is ended.</p>`:null}
    <div class="wb-submit">
      <button class="wb-button" type="submit" disabled=${!!e.running}>Invoke</button>
      ${e.running?r`<span class="wb-running"><i class="wb-dot wb-pulse wb-tone-busy" />${e.held?"waiting":"running"} ${L(n-e.running.since_us)}</span>`:null}
      ${e.rejected?r`<span class="wb-tone-bad" role="alert">${e.rejected}</span>`:null}
    </div>
  </form>`}function Rn({field:e,value:t,put:n}){let o=e.type||"any value",a=r`<input type="checkbox" checked=${t??e.default==="True"}
    onInput=${i=>n(e.name,!!i.target.checked)} />`,s=r`<input class="wb-input" type=${e.is_secret?"password":"text"} spellcheck=${!1} autocomplete=${e.is_secret?"new-password":"off"} value=${t??""} aria-required=${e.required?"true":"false"}
    placeholder=${e.required?o:`${o}, else ${e.default}`} onInput=${i=>n(e.name,i.target.value)} />`;return r`<label class="wb-field"><span><${k} text=${e.name} />${e.required?r`<span aria-hidden="true"> *</span>`:null}</span>
    ${e.is_flag?a:e.choices?.length?r`<${zn} field=${e} value=${t} put=${n} />`:s}</label>`}function zn({field:e,value:t,put:n}){let o=e.required?"choose one":`default: ${e.default}`;return r`<select class="wb-input" aria-required=${e.required?"true":"false"} onChange=${a=>n(e.name,a.target.value)}>
    <option value="" selected=${!t}>${o}</option>
    ${e.choices.map(a=>r`<option key=${a} value=${a} selected=${a===t}>${f(a)}</option>`)}
  </select>`}function Wn({calls:e,held:t}){return e.length?r`<${P} title="Calls" note="a click copies the code">
    <ol class="wb-calls">${e.map(n=>r`<li key=${n.number}>
      <${B} code=${n.code} />${n.magic?r` <${B} code=${n.magic} />`:null}
      <div class="wb-tone-${{ok:"good",failed:"bad"}[n.outcome]??"busy"}">${Vn(n,t)}</div>
    </li>`)}</ol>
  <//>`:null}function Vn(e,t){return(e.outcome??"running")==="running"?t?"… waiting":"… running":`${e.outcome==="ok"?"→":"✗"} ${e.answer??""} · ${A(e.took_us??0)}`}var Bt=[["name","actor"],["kind","kind"],["phase","phase"],["revision","revision",!0],["waiting","waiting",!0],["turns","turns",!0,"since the system started"],["failures","failures",!0,"since the system started"],["last","last turn",!0]];function Rt({link:e,nowUs:t,children:n}){let{view:o}=e.frame;return r`<div class="wb-panel">
    <div class="wb-header">
      <h3><${k} text=${o.system} /></h3>
      <${R} link=${e} shown="actors" />
      <${Kn} view=${o} />
      <span class="wb-space" />
      <${he} series=${o.rates} nowUs=${t} label="Turns a second in the last minute" />
      <${I} link=${e} />
    </div>
    ${n}
    <${Gn} view=${o} link=${e} />
    <${Qn} view=${o} link=${e} nowUs=${t} />
  </div>`}function Kn({view:e}){return e.told?r`<span class="wb-facts"><span>It tells ${f(e.told)}.</span></span>`:r`<span class="wb-facts">
    <span title="In memory; others are in the store until a message wakes them"><b>${h(e.actors??0)}</b> active</span>
    <span><b data-wb="waiting">${h(e.waiting??0)}</b> waiting</span>
    <span><b data-wb="turns">${h(e.turns??0)}</b> turns${e.rate?` · ${G(e.rate)}`:""}</span>
    ${e.unwritten?r`<span title="Answered, and written with the next group">${h(e.unwritten)} not on disk yet</span>`:null}
  </span>`}function Gn({view:e,link:t}){let[n,o]=U(e.query?.search??""),a=N(0),s=(p,d)=>{o(p),clearTimeout(a.current),a.current=setTimeout(()=>t.ask("search",{text:p}),d)};D(()=>()=>clearTimeout(a.current),[]);let i=p=>{p.key!=="Escape"||!n||(p.stopPropagation(),s("",0))},l=e.rows?.length??0;return r`<div class="wb-toolbar">
    <input class="wb-search" type="search" placeholder="Search actors" aria-label="Search actors by name, template, kind or phase"
      value=${n} onInput=${p=>s(p.target.value,150)} onKeyDown=${i} />
    <span class="wb-muted">${l<(e.matching??0)||e.query?.search?`${h(l)} of ${h(e.matching??0)}`:S(l,"actor")}</span>
    ${e.counters?.dropped?r`<span class="wb-space" /><span class="wb-muted">${S(e.counters.dropped,"event")} dropped</span>`:null}
  </div>`}function Qn({view:e,link:t,nowUs:n}){let o=N(null),[a,s]=U(null),i=N(null),[l,p]=eo(i),d=Yn((e.rows??[]).map(St),a);if(!d.length)return r`<p class="wb-empty">${so(e)}</p>`;let{from:u,to:b,above:m,below:c}=Xn(d.length,l),w=_=>{if(!(_.key==="Home"&&u>0||_.key==="End"&&b<d.length))return me(_,o.current);_.preventDefault(),t.focus.wanted=`actor:${d.at(_.key==="Home"?0:-1).name}`,i.current.scrollTop=_.key==="Home"?0:i.current.scrollHeight};return r`<div class="wb-scroll wb-tall" ref=${i} onScroll=${p}>
      <table class="wb-table wb-actors" aria-rowcount=${d.length+1} aria-label="Actors of ${f(e.system)}">
        <thead><tr>${Bt.map(_=>r`<${Jn} column=${_} query=${e.query??{}} link=${t} />`)}</tr></thead>
        <tbody ref=${o} onKeyDown=${w}
          onMouseEnter=${()=>s(d.map(_=>_.name))} onMouseLeave=${()=>s(null)}>
          <${qt} height=${m} />
          ${d.slice(u,b).map((_,$)=>r`<${ze} key=${_.name} row=${_} index=${u+$} isFirst=${$===0} link=${t} nowUs=${n} />`)}
          <${qt} height=${c} />
        </tbody>
      </table>
    </div>
    <${oo} view=${e} link=${t} />`}function Yn(e,t){if(!t)return e;let n=new Map(t.map((o,a)=>[o,a]));return[...e].sort((o,a)=>(n.get(o.name)??1/0)-(n.get(a.name)??1/0)||0)}function Jn({column:[e,t,n,o],query:a,link:s}){let i=(a.sort??"name")===e,l=a.descending?"descending":"ascending";return r`<th scope="col" class=${n?"wb-num":""} aria-sort=${i?l:"none"}>
    <button class="wb-sort" title=${o} onClick=${()=>s.ask("sort",{by:e})}>
      ${t}<span aria-hidden="true" class="wb-arrow">${i?a.descending?"▾":"▴":""}</span>
    </button>
  </th>`}var Zn=200,Ht=30;function Xn(e,{top:t,height:n,rowHeight:o}){if(e<=Zn||!o)return{from:0,to:e,above:0,below:0};let a=Math.max(0,Math.min(e,Math.floor(t/o))-Ht),s=Math.min(e,Math.ceil((t+n)/o)+Ht);return{from:a,to:s,above:a*o,below:(e-s)*o}}function eo(e){let[t,n]=U({top:0,height:0,rowHeight:0}),o=()=>{let a=e.current,s=a?.querySelector?.("tbody tr.wb-row")?.getBoundingClientRect?.().height??0,i=Math.floor((a?.scrollTop??0)/200)*200,l=(a?.clientHeight??0)+200;s&&(i!==t.top||l!==t.height||Math.abs(s-t.rowHeight)>1)&&n({top:i,height:l,rowHeight:s})};return D(o),[t,o]}var qt=({height:e})=>e?r`<tr aria-hidden="true" style=${{height:`${e}px`}}><td colspan=${Bt.length} /></tr>`:null,ze=class extends Q{shouldComponentUpdate({row:t,index:n,isFirst:o,nowUs:a}){let s=this.props;return n!==s.index||o!==s.isFirst||Ot(t,a)!==Ot(s.row,s.nowUs)||Object.keys(t).some(i=>t[i]!==s.row[i])}render({row:t,index:n,isFirst:o,link:a,nowUs:s}){return to(t,n,o,a,s)}},Ot=(e,t)=>[H(e.lastTurnUs,t),e.action?L(t-e.actionSinceUs):"",e.oldestUs?L(t-e.oldestUs):""].join();function to(e,t,n,o,a){return r`<tr class="wb-row" aria-rowindex=${t+2}>
    <td><button class="wb-link" tabindex=${n?0:-1} ref=${o.focus.take(`actor:${e.name}`)} onClick=${()=>fe(o,e.name)}>
      <${k} text=${e.name} /></button></td>
    <td class="wb-muted">${e.kind}${e.parent?` of ${f(e.parent)}`:""}</td>
    <td><${no} row=${e} nowUs=${a} /></td>
    <td class="wb-num">${h(e.revision)}</td>
    <td class="wb-num ${e.waiting?"wb-strong":"wb-muted"}" title=${e.oldestUs?`oldest ${L(a-e.oldestUs)}`:""}>${h(e.waiting)}</td>
    <td class="wb-num">${Ft(e)?h(e.turns):""}</td>
    <td class="wb-num ${e.failures?"wb-tone-bad":"wb-muted"}">${Ft(e)?h(e.failures):""}</td>
    <td class="wb-num wb-muted">${H(e.lastTurnUs,a)}</td>
  </tr>`}var Ft=e=>e.phase!=="passive"||e.turns>0;function no({row:e,nowUs:t}){if(!e.action)return r`<${ne} phase=${e.phase} /> ${e.deployed?null:r`<span class="wb-muted">no code here</span>`}`;let n=e.actionSinceUs?r`<span class="wb-muted">${L(t-e.actionSinceUs)}</span>`:null;return r`<${ne} phase="running"><${k} text=${e.action} /> ${n}<//>`}function oo({view:e,link:t}){let n=(e.matching??0)-(e.rows?.length??0);return!n&&!e.is_partial?null:r`<div class="wb-toolbar">
    ${n?r`<button class="wb-button" onClick=${()=>t.ask("more")}>Show more</button>
      <span class="wb-muted">… ${S(n,"more actor")}</span>`:null}
    ${e.is_partial?r`<span class="wb-muted">There are more actors: type the start of a name to find others.</span>`:null}
  </div>`}var so=e=>e.query?.search?`No actor matches “${f(e.query.search)}”.`:e.problem?"No actors to show.":"No actors yet. Define one in a cell that starts with %%actor.";var ao=60;function zt({link:e,nowUs:t,children:n}){let{view:o}=e.frame;return r`<div class="wb-panel">
    <div class="wb-header">
      ${o.back?r`<button class="wb-button" ref=${e.focus.take("back")} onClick=${()=>te(e)} title="Esc">‹ All actors</button>`:null}
      <h3><${k} text=${o.name} /></h3>
      <${R} link=${e} shown="timeline" />
      <span class="wb-space" />
      <${I} link=${e} />
    </div>
    ${n}
    ${o.at?r`<${io} view=${o} link=${e} /><${lo} made=${o.made} nowUs=${t} /><${co} view=${o} link=${e} />`:r`<p class="wb-empty">No revisions yet: they appear as actions change the state.</p>`}
    ${o.commands?.length?r`<div class="wb-footer">${o.commands.map(a=>r`<${B} key=${a} code=${a} />`)}</div>`:null}
  </div>`}var ro=(e,t,n,o)=>({ArrowLeft:t-1,ArrowDown:t-1,ArrowRight:t+1,ArrowUp:t+1,Home:n,End:o,PageDown:t-Math.ceil((o-n)/10),PageUp:t+Math.ceil((o-n)/10)})[e];function io({view:e,link:t}){let{first:n=0,last:o=0,at:a=0}=e,[s,i]=U(null),l=N(0);D(()=>()=>clearTimeout(l.current),[]),D(()=>i(null),[a,o]);let p=b=>{i(b),clearTimeout(l.current),l.current=setTimeout(()=>t.ask("at",{revision:b}),ao)},d=b=>{let m=ro(b.key,s??a,n,o);m!==void 0&&(b.preventDefault(),p(Math.min(o,Math.max(n,m))))},u=e.is_live!==!1;return r`<div class="wb-scrubber">
    <button class="wb-button" aria-label="One revision back" title="One revision back" disabled=${a<=n} onClick=${()=>t.ask("step",{by:-1})}>◂</button>
    <input type="range" aria-label="Revision of ${f(e.name)}" min=${n} max=${o} step="1" value=${s??a}
      onInput=${b=>p(Number(b.target.value))} onKeyDown=${d} />
    <button class="wb-button" aria-label="One revision on" title="One revision on" disabled=${a>=o} onClick=${()=>t.ask("step",{by:1})}>▸</button>
    <output>revision <b data-wb="at">${h(s??a)}</b> of ${h(o)}</output>
    <button class="wb-button" aria-pressed=${u?"true":"false"} onClick=${()=>t.ask(u?"step":"live",u?{by:0}:{})}>${u?"● Live":"Live"}</button>
  </div>`}function lo({made:e,nowUs:t}){return e?r`<div class="wb-made">
    <${k} text=${e.call} />${e.caller?r`<span class="wb-muted"> from ${f(e.caller)}</span>`:null}${" "}
    <${Re} row=${{outcome:e.outcome,detail:""}} />${e.answer?r` <span class="wb-value">${f(e.answer)}</span>`:null}
    <div class="wb-muted">${H(e.finished_us??0,t)}, in ${A(e.took_us??0)} · definition <code>${e.definition??""}</code>${e.is_new_code?r` <b class="wb-tone-warn">new code</b>`:null}</div>
  </div>`:r`<div class="wb-made wb-muted">The message that led here is not kept.</div>`}function co({view:e,link:t}){let n=e.changes??[],o=e.base?`against revision ${h(e.base)}`:"against nothing";return r`<div class="wb-body">
    <${P} title="State" grow>${e.state?r`<${_e} node=${e.state} />`:r`<p class="wb-empty">${e.note||"No state."}</p>`}<//>
    <div class="wb-side"><${P} title="Changed" note=${o}>
      <button class="wb-button" aria-pressed=${e.is_pinned?"true":"false"} onClick=${()=>t.ask("pin")}
        title="Compare every revision with this one, instead of with the one before">${e.is_pinned?"Unpin":"Compare with this one"}</button>
      ${n.length?r`<ul class="wb-changes">${n.map(a=>r`<li class="wb-value">${f(a)}</li>`)}</ul>`:r`<p class="wb-empty">${e.note||"Nothing differs."}</p>`}
    <//></div>
  </div>`}var Wt=170,uo=40,po="notebook";function Vt({link:e,nowUs:t,children:n}){let{view:o}=e.frame,a=(o.edges??[]).map(Mt);return r`<div class="wb-panel">
    <div class="wb-header">
      <h3><${k} text=${o.system} /></h3>
      <${R} link=${e} shown="topology" />
      <span class="wb-space" />
      <${I} link=${e} />
    </div>
    ${n}
    ${a.length?r`<${bo} view=${o} edges=${a} link=${e} />`:r`<p class="wb-empty">${go(o)}</p>`}
    <${$o} view=${o} />
    ${a.length?r`<${_o} view=${o} edges=${a} link=${e} />`:null}
    ${o.chosen?r`<${P} title="Messages" note=${o.chosen.map(f).join(" → ")}>
      <${Be} rows=${(o.messages??[]).map(we)} nowUs=${t} /><//>`:null}
  </div>`}var Kt=(e,t)=>e.chosen?.[0]===t.source&&e.chosen?.[1]===t.target,Gt=(e,t)=>e.ask("edge",{source:t.source,target:t.target});function bo({view:e,edges:t,link:n}){return r`<div class="wb-scroll wb-tall" role="region" aria-label="Picture of the calls" tabindex="0">
    <svg class="wb-topology" width=${e.width} height=${e.height} viewBox="0 0 ${e.width} ${e.height}" aria-hidden="true">
      ${t.map(o=>r`<${mo} key=${`${o.source}>${o.target}`} edge=${o} isChosen=${Kt(e,o)} link=${n} />`)}
      ${(e.nodes??[]).map(Tt).map(o=>r`<${wo} key=${o.name} node=${o} link=${n} />`)}
    </svg>
  </div>`}function mo({edge:e,isChosen:t,link:n}){let o=1+Math.min(3,String(e.calls).length*.5);return r`<g class="wb-edge ${e.failures?"wb-tone-bad":""} ${t?"wb-chosen":""} ${e.rate?"wb-busy":""}" onClick=${()=>Gt(n,e)}>
    <title>${f(e.source)} → ${f(e.target)}: ${fo(e)}</title>
    <path class="wb-hit" d=${e.path} />
    <path class="wb-edge-line" d=${e.path} stroke-width=${o} />
    <path class="wb-edge-head" d=${e.head} />
  </g>`}var fo=e=>[S(e.calls,"call"),e.rate?G(e.rate):"",e.failures?S(e.failures,"failure"):"",`mean ${A(e.meanUs)}`].filter(Boolean).join(", ");function wo({node:e,link:t}){let n=e.name===po,o=n?"outside":`${S(e.calls,"call")}${e.failures?` · ${h(e.failures)} failed`:""}`,a=e.members?`×${h(e.members)}`:"";return r`<g class="wb-box ${e.failures?"wb-tone-bad":""} ${n?"wb-outside":""}" onClick=${n?null:()=>fe(t,e.name)}>
    <title>${f(e.name)}${e.members?`, ${S(e.members,"child","children")}`:""}</title>
    <rect x=${e.x} y=${e.y} width=${Wt} height=${uo} rx="5" />
    <text x=${e.x+9} y=${e.y+17} class="wb-box-name">${ho(f(e.name),21-a.length)}</text>
    <text x=${e.x+Wt-9} y=${e.y+17} text-anchor="end">${a}</text>
    <text x=${e.x+9} y=${e.y+32} class="wb-box-note">${o}</text>
  </g>`}var ho=(e,t)=>e.length<=t?e:`${e.slice(0,t-1)}…`;function _o({view:e,edges:t,link:n}){let o=N(null);return r`<${P} title="Connections" note=${S(t.length,"connection")}>
    <div class="wb-scroll wb-connections"><table class="wb-table" aria-label="Connections, those with most calls first">
      <thead><tr><th scope="col">from → to</th><th scope="col" class="wb-num">calls</th><th scope="col" class="wb-num">rate</th>
        <th scope="col" class="wb-num">failures</th><th scope="col" class="wb-num wb-optional">mean</th><th scope="col" class="wb-num wb-optional">slowest</th></tr></thead>
      <tbody ref=${o} onKeyDown=${a=>me(a,o.current)}>
        ${t.map((a,s)=>r`<tr key=${`${a.source}>${a.target}`}>
          <td><button class="wb-link" tabindex=${s===0?0:-1} aria-expanded=${Kt(e,a)?"true":"false"} onClick=${()=>Gt(n,a)}>
            <${k} text=${a.source} /> → <${k} text=${a.target} /></button></td>
          <td class="wb-num">${h(a.calls)}</td>
          <td class="wb-num wb-muted">${G(a.rate)}</td>
          <td class="wb-num ${a.failures?"wb-tone-bad":"wb-muted"}">${h(a.failures)}</td>
          <td class="wb-num wb-optional">${A(a.meanUs)}</td>
          <td class="wb-num wb-optional">${A(a.slowestUs)}</td>
        </tr>`)}
      </tbody>
    </table></div>
  <//>`}function $o({view:e}){let t=[e.hidden_nodes?S(e.hidden_nodes,"more actor"):"",e.hidden_edges?S(e.hidden_edges,"more connection"):""].filter(Boolean),n=e.counters?.dropped;return!t.length&&!n?null:r`<div class="wb-toolbar wb-muted">
    ${t.length?r`<span>… ${t.join(" and ")} with fewer calls</span>`:null}
    ${n?r`<span>${S(n,"event")} dropped: counts are of what was seen</span>`:null}
  </div>`}var go=e=>e.problem?"No calls to show.":"No calls seen yet. They appear as actors are called.";var vo={actor:Nt,form:jt,system:Rt,timeline:zt,topology:Vt};function Qt({link:e}){So(e);let[t]=U(()=>new $e(e.time.now)),{view:n}=e.frame,o=e.nowUs(),a=vo[n?.panel];return r`<div class="wb" role="group" aria-label=${xo(n)} data-lm-suppress-shortcuts="true" tabindex="-1" onKeyDown=${s=>yt(s,e)}>
    ${a?r`<${a} key=${`${n.panel}:${n.name??""}`} link=${e} nowUs=${o}>
          ${yo(e,o).map(s=>r`<${kt} problem=${s} />`)}
        <//>`:r`<p class="wb-empty">Waiting for the first picture…</p>`}
    <div class="wb-hidden" role="status" aria-live="polite">${t.next(It(e.frame,e))}</div>
  </div>`}var xo=e=>e?.name?`Actor ${f(e.name)}`:`Actor system ${f(e?.system??"")}`;function yo(e,t){let{problem:n}=e.frame.view,o=e.unknown&&{kind:"missing",title:e.unknown};return[e.isStale()?ko(e,t):n,o].filter(Boolean)}var ko=(e,t)=>({kind:"stale",title:"No news from the kernel",text:`This is how it was at ${ht(t,Date.now()*1e3)}. If the kernel was restarted or the notebook reopened, run the cell again.`});function So(e){let[,t]=U(0),n=()=>t(a=>a+1),o=!!e.frame.view?.running&&!e.isStale()&&!To();D(()=>e.subscribe(n),[e]),D(()=>{let a=setInterval(()=>globalThis.document?.hidden||n(),o?100:1e3);return()=>clearInterval(a)},[o])}var To=()=>!!globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches;var Mo=300,Co=6e3,Uo={seq:0,now:0,view:null},ge=class{constructor(t,n={}){this.model=t,this.time={now:()=>Date.now(),setTimeout:(o,a)=>setTimeout(o,a),clearTimeout:o=>clearTimeout(o),...n},this.frame=Uo,this.focus=new be,this.queued=0,this.unknown="",this.pending=new Map,this.listeners=new Set,this.lastId=0,this.heardAt=this.time.now(),this.seenSince=this.heardAt,this.offsetUs=0,this.onFrame=()=>this.take(t.get("frame")),this.onMessage=o=>this.hear(o),t.on("change:frame",this.onFrame),t.on("msg:custom",this.onMessage),this.onFrame()}subscribe(t){return this.listeners.add(t),()=>this.listeners.delete(t)}close(){this.model.off("change:frame",this.onFrame),this.model.off("msg:custom",this.onMessage);for(let t of this.pending.values())this.time.clearTimeout(t);this.pending.clear(),this.listeners.clear()}nowUs(){return(this.isStale()?this.heardAt:this.time.now())*1e3+this.offsetUs}isStale(){return this.time.now()-Math.max(this.heardAt,this.seenSince)>Co}see(t){this.seenSince=t?this.time.now():1/0}ask(t,n={}){let o=++this.lastId;this.unknown="",this.pending.set(o,this.time.setTimeout(()=>this.countQueued(),Mo)),this.send({id:o,type:t,data:n})}tell(t,n){this.send({id:0,type:t,data:n})}send(t){try{this.model.send(t)}catch{}}take(t){let n=Po(t);!n||n.seq<this.frame.seq||(this.frame=n,this.alive(n.now))}hear(t){t?.type==="beat"&&this.alive(t.now),t?.type==="heard"&&this.acknowledged(t)}alive(t){this.heardAt=this.time.now(),this.offsetUs=t-this.heardAt*1e3,this.changed()}acknowledged({id:t,known:n}){this.pending.has(t)&&(this.time.clearTimeout(this.pending.get(t)),this.pending.delete(t),n||(this.unknown="Nothing is connected to this button here."),this.countQueued(this.queued>0))}countQueued(t=!0){this.queued=t?this.pending.size:0,this.changed()}changed(){for(let t of this.listeners)t()}};function Po(e){try{let t=JSON.parse(e);return t&&typeof t.seq=="number"&&t.view?t:null}catch{return null}}var Yt=`
.wb {
  --wb-text: var(--jp-ui-font-color1, var(--vscode-editor-foreground, CanvasText));
  --wb-back: var(--jp-layout-color1, var(--vscode-editor-background, Canvas));
  --wb-muted: color-mix(in srgb, var(--wb-text) 72%, var(--wb-back));
  --wb-raised: var(--jp-layout-color2, var(--vscode-editorWidget-background, color-mix(in srgb, CanvasText 5%, Canvas)));
  --wb-line: var(--jp-border-color2, var(--vscode-panel-border, color-mix(in srgb, CanvasText 18%, Canvas)));
  --wb-accent: var(--jp-brand-color1, var(--vscode-focusBorder, #1976d2));
  --wb-good: var(--jp-success-color1, var(--vscode-testing-iconPassed, #2e7d32));
  --wb-warn: var(--jp-warn-color1, var(--vscode-editorWarning-foreground, #b26a00));
  --wb-bad: var(--jp-error-color1, var(--vscode-errorForeground, #d32f2f));
  --wb-bad-text: color-mix(in srgb, var(--wb-bad) 78%, var(--wb-text));
  --wb-flash: color-mix(in srgb, var(--wb-accent) 35%, transparent);
  --wb-mono: var(--jp-code-font-family, var(--vscode-editor-font-family, ui-monospace, monospace));
  container-type: inline-size;
  color: var(--wb-text); background: var(--wb-back);
  font: var(--jp-ui-font-size1, 13px)/1.45 var(--jp-ui-font-family, var(--vscode-font-family, system-ui, sans-serif));
  border: 1px solid var(--wb-line); border-radius: 6px; margin: 2px 0; overflow: hidden; text-align: left;
}
.wb *, .wb *::before { box-sizing: border-box; }
.wb:focus { outline: none; }
.wb :is(button, input, select, .wb-scroll):focus-visible { outline: 2px solid var(--wb-accent); outline-offset: 1px; }
.wb :is(h3, h4, p, ul, ol) { margin: 0; padding: 0; font: inherit; list-style: none; }
.wb button { font: inherit; color: inherit; background: none; border: 0; padding: 0; margin: 0; cursor: pointer; text-align: inherit; }
.wb code, .wb-name, .wb-value, .wb-key { font-family: var(--wb-mono); font-size: .96em; background: none; padding: 0; color: inherit; unicode-bidi: isolate; }
.wb-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.wb-muted, .wb-note, .wb-more, .wb-was, .wb-empty { color: var(--wb-muted); }
.wb-strong { font-weight: 600; }
.wb-space { flex: 1; }
.wb-tone-good { --wb-tone: var(--wb-good); } .wb-tone-warn { --wb-tone: var(--wb-warn); }
.wb-tone-bad { --wb-tone: var(--wb-bad); } .wb-tone-busy, .wb-tone-info { --wb-tone: var(--wb-accent); }
.wb-tone-idle { --wb-tone: var(--wb-muted); }
.wb-dot { display: inline-block; width: 8px; height: 8px; border-radius: 50%; background: var(--wb-tone, var(--wb-accent)); flex: none; }
.wb-tone-idle > .wb-dot { background: none; border: 2px solid var(--wb-tone); }
.wb-pulse { animation: wb-pulse 2s ease-in-out infinite; }
@keyframes wb-pulse { 50% { opacity: .35; } }

.wb-header { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; padding: 8px 12px; border-bottom: 1px solid var(--wb-line); background: var(--wb-raised); }
.wb-header h3 { font-weight: 600; font-size: 1.1em; max-width: 28em; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.wb-facts { display: flex; flex-wrap: wrap; gap: 0 12px; color: var(--wb-muted); }
.wb-facts b { color: var(--wb-text); font-weight: 600; font-variant-numeric: tabular-nums; border-radius: 2px; }
.wb-phase, .wb-live, .wb-running { display: inline-flex; align-items: center; gap: 6px; white-space: nowrap; }
.wb-live { color: var(--wb-muted); font-size: .92em; }
.wb-button { border: 1px solid var(--wb-line) !important; border-radius: 4px; padding: 2px 10px !important; background: var(--wb-back) !important; }
.wb-button:hover { border-color: var(--wb-accent) !important; }

.wb-banner { padding: 8px 12px; border-left: 4px solid var(--wb-tone); background: color-mix(in srgb, var(--wb-tone) 10%, transparent); border-bottom: 1px solid var(--wb-line); }
.wb-body { display: flex; flex-direction: column; }
.wb-section { padding: 8px 12px 10px; min-width: 0; }
.wb-section h4 { display: flex; align-items: baseline; gap: 10px; margin-bottom: 4px; font-size: .92em; font-weight: 600; color: var(--wb-muted); }
.wb-title { white-space: nowrap; } .wb-note { font-weight: 400; }
.wb-panel > .wb-section { border-top: 1px solid var(--wb-line); }
.wb-side { border-top: 1px solid var(--wb-line); }
@container (min-width: 620px) {
  .wb-body { flex-direction: row; }
  .wb-grow { flex: 1 1 0; }
  .wb-side { flex: 0 0 300px; border-top: 0; border-left: 1px solid var(--wb-line); }
}

.wb-tree { max-height: 320px; overflow: auto; }
.wb-items .wb-items { padding-left: 16px; border-left: 1px solid var(--wb-line); margin-left: 5px; }
.wb-item { padding: 1px 0 1px 6px; border-left: 2px solid transparent; }
.wb-items .wb-items .wb-item { padding-left: 2px; }
.wb-line { display: flex; align-items: baseline; gap: 6px; }
.wb-shown { flex: 1; min-width: 0; overflow-wrap: anywhere; }
.wb-tree > .wb-items > .wb-item > .wb-line > .wb-toggle { min-width: 8.5em; }
.wb-item.wb-changed { border-left-color: var(--wb-accent); }
.wb-toggle { flex: none; max-width: 50%; overflow-wrap: anywhere; }
.wb-key { color: var(--wb-muted); }
.wb-items .wb-items .wb-key::after { content: ":"; }
button.wb-toggle::before { content: "▸"; display: inline-block; width: 1em; color: var(--wb-muted); }
button.wb-toggle[aria-expanded="true"]::before { content: "▾"; }
.wb-toggle-none::before { content: ""; display: inline-block; width: 1em; }
.wb-value { border-radius: 2px; }
.wb-text { color: var(--jp-mirror-editor-string-color, inherit); }
.wb-number { color: var(--jp-mirror-editor-number-color, inherit); }
.wb-flag, .wb-none { color: var(--jp-mirror-editor-keyword-color, inherit); }
.wb-map, .wb-list { color: var(--wb-muted); font-family: inherit; }
.wb-was { margin-left: .8em; font-size: .92em; }

.wb-depth { display: flex; align-items: flex-end; justify-content: space-between; gap: 12px; }
.wb-big { font-size: 1.7em; line-height: 1; font-weight: 600; font-variant-numeric: tabular-nums; }
.wb-spark { display: block; flex: none; max-width: 100%; }
.wb-spark-bars { fill: var(--wb-accent); } .wb-spark-base { fill: var(--wb-line); }
.wb-queue { margin-top: 6px !important; }
.wb-queue li { display: flex; justify-content: space-between; gap: 10px; padding: 1px 0; }
.wb-stored { display: flex; align-items: baseline; gap: 8px; } .wb-changes { padding: 2px 0 2px 16px !important; } .wb-changes li { overflow-wrap: anywhere; }
.wb-running b { font-variant-numeric: tabular-nums; font-weight: 600; }

.wb-scroll { overflow: auto; } .wb-tall { max-height: 420px; }
.wb table.wb-table { border-collapse: collapse; width: 100%; margin: 0; border: 0; font-size: inherit; color: inherit; }
.wb .wb-table :is(th, td) { padding: 3px 16px 3px 0; text-align: left; vertical-align: baseline; border: 0; white-space: nowrap; background: none; max-width: none; }
.wb .wb-table :is(th, td):last-child { padding-right: 0; }
.wb .wb-table th.wb-num { width: 6.2em; }
.wb .wb-turns { table-layout: fixed; min-width: 460px; }
.wb .wb-turns th:nth-child(1) { width: 6.4em; } .wb .wb-turns th:nth-child(2) { width: 22%; }
.wb .wb-actors td { vertical-align: middle; }
.wb .wb-turns td { overflow: hidden; text-overflow: ellipsis; }
.wb .wb-table tr, .wb .wb-table tbody tr:nth-child(odd) { background: none; border: 0; }
.wb .wb-table th { font-weight: 400; color: var(--wb-muted); border-bottom: 1px solid var(--wb-line); }
.wb .wb-table tbody tr + tr td { border-top: 1px solid color-mix(in srgb, var(--wb-line) 55%, transparent); }
.wb .wb-table .wb-num { text-align: right; font-variant-numeric: tabular-nums; }
.wb .wb-actors :is(th, td):first-child { padding-left: 12px; } .wb .wb-actors :is(th, td):last-child { padding-right: 12px; }
.wb .wb-actors th { position: sticky; top: 0; background: var(--wb-back); z-index: 1; }
.wb .wb-actors tbody tr:hover { background: var(--wb-raised); }
.wb .wb-actors .wb-name { display: inline-block; max-width: 24em; overflow: hidden; text-overflow: ellipsis; vertical-align: bottom; }
.wb .wb-sort { color: inherit; } .wb .wb-sort:hover { color: var(--wb-text); }
.wb .wb-sort { position: relative; }
.wb-arrow { position: absolute; left: 100%; padding-left: 2px; }
.wb .wb-link { color: var(--jp-content-link-color, var(--vscode-textLink-foreground, LinkText)); }
.wb .wb-link:hover { text-decoration: underline; }
.wb-icon { display: inline-block; fill: none; stroke: var(--wb-tone, currentColor); stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; margin-right: 6px; vertical-align: -2px; }
.wb-detail { margin-left: .7em; color: var(--wb-bad-text); font-family: var(--wb-mono); font-size: .92em; }
td.wb-tone-bad, span.wb-tone-bad:not(.wb-live, .wb-outcome) { color: var(--wb-bad-text); }

.wb-tabs { display: inline-flex; border: 1px solid var(--wb-line); border-radius: 4px; overflow: hidden; }
.wb .wb-tab { padding: 1px 10px; } .wb .wb-tab[aria-pressed="true"] { background: var(--wb-back); font-weight: 600; box-shadow: inset 0 -2px 0 var(--wb-accent); }
.wb-topology { display: block; margin: 6px 12px; font-family: var(--wb-mono); font-size: 12px; }
.wb-topology .wb-hit { fill: none; stroke: transparent; stroke-width: 12; }
.wb-topology .wb-edge, .wb-topology .wb-box { cursor: pointer; --wb-drawn: var(--wb-muted); } .wb-topology .wb-outside { cursor: default; }
.wb-topology :is(.wb-edge, .wb-box).wb-tone-bad { --wb-drawn: var(--wb-bad); }
.wb-topology .wb-edge-line { fill: none; stroke: var(--wb-drawn); opacity: .7; } .wb-topology .wb-edge-head { fill: var(--wb-drawn); }
.wb-topology .wb-busy:not(.wb-tone-bad) { --wb-drawn: var(--wb-accent); }
.wb-topology :is(.wb-edge:hover, .wb-chosen) .wb-edge-line { opacity: 1; stroke: var(--wb-accent); stroke-width: 3; }
.wb-topology rect { fill: var(--wb-raised); stroke: var(--wb-drawn); } .wb-topology .wb-outside rect { stroke-dasharray: 4 3; fill: none; }
.wb-topology .wb-box:not(.wb-outside):hover rect { stroke: var(--wb-accent); }
.wb-topology text { fill: var(--wb-text); } .wb-topology .wb-box-name { font-weight: 600; } .wb-topology .wb-box-note { fill: var(--wb-muted); font-size: 10.5px; }
.wb-scrubber { display: flex; align-items: center; gap: 8px; padding: 8px 12px; border-bottom: 1px solid var(--wb-line); }
.wb-scrubber input[type="range"] { flex: 1; min-width: 80px; accent-color: var(--wb-accent); }
.wb-scrubber output { font-variant-numeric: tabular-nums; white-space: nowrap; }
.wb-made { padding: 8px 12px 0; overflow-wrap: anywhere; } .wb-made .wb-name { font-weight: 600; }
.wb .wb-table .wb-opened td { white-space: normal; overflow-wrap: anywhere; padding: 2px 0 6px 6.4em; border-top: 0 !important; }
.wb-ways { display: flex; flex-wrap: wrap; gap: 2px 14px; color: var(--wb-muted); font-size: .92em; }
.wb-connections { max-height: 220px; }
.wb-toolbar { display: flex; align-items: center; gap: 12px; padding: 6px 12px; }
.wb-search + .wb-muted { white-space: nowrap; }
.wb .wb-search { font: inherit; color: inherit; background: var(--wb-back); border: 1px solid var(--wb-line); border-radius: 4px; padding: 3px 8px; width: 240px; }
.wb .wb-input { font: inherit; font-family: var(--wb-mono); color: inherit; background: var(--wb-back); border: 1px solid var(--wb-line); border-radius: 4px; padding: 3px 8px; }
.wb-said { display: grid; grid-template-columns: 5.5em minmax(5em, 14%) minmax(0, 1fr); gap: 10px; overflow-wrap: anywhere; }
.wb-choice { align-items: center; }
.wb-form { display: flex; flex-direction: column; gap: 6px; padding: 10px 12px; margin: 0; }
.wb-field { display: grid; grid-template-columns: minmax(6em, 22%) minmax(0, 1fr); align-items: center; gap: 10px; }
.wb-field > input[type="checkbox"] { justify-self: start; }
.wb-submit { display: flex; flex-wrap: wrap; align-items: center; gap: 12px; margin-top: 2px; }
.wb .wb-button:disabled { opacity: .5; cursor: default; }
.wb-calls { max-height: 260px; overflow: auto; } .wb-calls li { padding: 3px 0; overflow-wrap: anywhere; }
.wb-calls li + li { border-top: 1px solid color-mix(in srgb, var(--wb-line) 55%, transparent); }
.wb-calls .wb-command { margin-right: 1em; }
.wb-calls li > div { padding-left: 1em; font-family: var(--wb-mono); font-size: .92em; }
.wb-empty { padding: 4px 12px 10px !important; } .wb-section .wb-empty { padding: 2px 0 !important; }
.wb-footer { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 14px; padding: 6px 12px; border-top: 1px solid var(--wb-line); color: var(--wb-muted); font-size: .92em; }
.wb .wb-command { font-family: var(--wb-mono); border-radius: 3px; }
.wb .wb-command:hover { color: var(--wb-text); text-decoration: underline; }

@container (max-width: 560px) {
  .wb .wb-optional { display: none; }
  .wb .wb-turns { min-width: 400px; }
  .wb .wb-actors .wb-name { max-width: 11em; }
}
@media (prefers-reduced-motion: reduce) { .wb-pulse { animation: none; } }
@media (forced-colors: active) {
  .wb-dot { forced-color-adjust: none; background: CanvasText; }
  .wb-item { border-left-color: Canvas; } .wb-item.wb-changed { border-left-color: Highlight; }
  .wb-spark-bars { fill: CanvasText; } .wb-icon { stroke: CanvasText; }
}
`;var Ao=0;function Jt(e,t,{document:n=globalThis.document,window:o=globalThis}={}){let a=`${Date.now().toString(36)}-${++Ao}`,s=!0,i="",l=b=>{b!==i&&t(i=b,a)},p=()=>l(s&&!n.hidden?"visible":"hidden"),d=new o.IntersectionObserver(b=>{s=b[b.length-1].isIntersecting,p()}),u=()=>l("hidden");return d.observe(e),n.addEventListener("visibilitychange",p),o.addEventListener("pagehide",u),()=>{d.disconnect(),n.removeEventListener("visibilitychange",p),o.removeEventListener("pagehide",u),l("gone")}}function Eo(e){if(!/^[0-9a-f]+$/.test(e??""))return"";let t=`[data-wb-picture="${e}"]`;return`${t}, .jp-OutputArea-child:has(${t}) { display: none; }`}var ua={render({model:e,el:t}){let n=new ge(e),o=t.ownerDocument.createElement("style"),a=t.ownerDocument.createElement("div");o.textContent=Yt+Eo(e.get("token")),t.append(o,a),Pe(r`<${Qt} link=${n} />`,a);let s=Jt(t,(i,l)=>{n.see(i==="visible"),n.tell("visible",{view:l,state:i})});return()=>{s(),n.close(),Pe(null,a)}}};export{ua as default};
