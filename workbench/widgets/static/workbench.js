/* made by `make js` from workbench/widgets/js, 464837982ba5938fcb61022a00ddf468 */
var w,Fe,qt,N,me,re,He,te,Oe,we,he,jt,V=Symbol.for("pv"),ae={},se=[],It=/^m(i|n|o|s|text|space)$/,ge=Array.isArray,$e=se.slice,H=Object.assign;function F(e){e&&e.parentNode&&e.remove()}function Re(e,t,n){var o,a,r,s={},i=arguments.length;for(r in t)r=="key"?o=t[r]:r=="ref"&&typeof e!="function"?a=t[r]:s[r]=t[r];return i>2&&(s.children=i>3?$e.call(arguments,2):n),W(e,s,o,a,null)}function W(e,t,n,o,a){var r={type:e,props:t,key:n,ref:o,__k:null,__:null,__b:0,__e:null,__c:null,constructor:V,__v:a||++Fe,__i:-1,__u:0};return!a&&w.vnode&&w.vnode(r),r}function ie(e){return e.children}function ne(e,t){this.props=e,this.context=t,this.__g=0}function D(e,t){if(t==null)return e.__&&D(e.__,e.__i+1);for(var n;t<e.__k.length;t++)if((n=e.__k[t])&&n.__e)return n.__e;return typeof e.type!="function"||e.props.__P?null:D(e)}function Ft(e){var t,n=e.__v,o=n.__e,a=[],r=[],s=e.__P;s&&((t=H({constructor:V},n)).__v=n.__v+1,w.vnode&&w.vnode(t),ve(s,t,n,e.__n,s.namespaceURI,32&n.__u?[o]:null,a,o||D(n),32&n.__u,r),t.__v=n.__v,t.__.__k[t.__i]=t,Ke(a,t,r),n.__=n.__e=null,t.__e!=o&&ze(t))}function ze(e){if((e=e.__)&&e.__c&&!e.props.__P)return e.__e=null,e.__k.some(function(t){return t&&(e.__e=t.__e)}),ze(e)}function je(e){(8&e.__g||(e.__g|=8,N.push(e),re++))&&me==w.debounceRendering||((me=w.debounceRendering)||queueMicrotask)(Be)}function Be(){try{for(var e,t=1;N.length;)N.length>t&&N.sort(He),e=N.shift(),t=N.length,8&e.__g&&Ft(e)}finally{(re=N.length)&&(me||queueMicrotask)(Be)}}function We(e,t,n,o,a,r,s,i,p,d,u){var b,_,c,f,S,h,g=o.__k||se,m=t.length;for(p=Ht(n,t,g,p,m),b=0;b<m;b++)(c=n.__k[b])!=null&&(_=~c.__i&&g[c.__i]||ae,c.__i=b,h=ve(e,c,_,a,r,s,i,p,d,u),f=c.__e,(_.ref!=c.ref||8&_.__u)&&(_.ref&&xe(_.ref,null,c,_),c.ref&&u.push(c.ref,c.__c||f,c)),S=S||f,4&c.__u?(p=Ve(c,p,e,!_.__v),_.__e&&(_.__e=null)):typeof c.type=="function"&&h!==void 0?p=h:f&&(p=f.nextSibling),c.__u&=-21);return n.__e=S,p}function Ht(e,t,n,o,a){var r,s,i,p,d,u,b,_,c,f=n.length,S=f,h=0,g=0,m=e.__k=Array(a);for(r=0;r<a;r++)(s=t[r])!=null&&typeof s!="boolean"&&typeof s!="function"?(typeof s!="object"||s.constructor===String?s=m[r]=W(null,s):ge(s)?s=m[r]=W(ie,{children:s}):s.constructor===V&&s.__b?s=m[r]=W(s.type,s.props,s.key,s.ref,s.__v):m[r]=s,p=r+h,s.__=e,s.__b=e.__b+1,i=null,~(d=s.__i=Ot(s,n,p,S))&&(S--,(i=n[d])&&(i.__u|=2)),i&&i.__v?(s.__u|=16,d==p-1?h--:d==p+1?h++:d!=p&&(d>p?h--:h++,g=1)):(~d||(a>f?h--:a<f&&h++),typeof s.type!="function"&&(s.__u|=4))):m[r]=null;if(g){for(u=[],b=[],r=0;r<a;r++)if((s=m[r])&&16&s.__u){for(h=0,_=u.length;h<_;)u[c=h+_>>1]<s.__i?h=c+1:_=c;u[h]=s.__i,b[r]=h+1}for(h=u.length;r--;)b[r]&&(b[r]==h?h--:m[r].__u|=4)}if(S)for(r=0;r<f;r++)!(i=n[r])||2&i.__u||(i.__e==o&&(o=D(i)),ye(i,i));return o}function Ve(e,t,n,o){var a,r,s,i;if(typeof e.type=="function"){if(e.props.__P)return t;if(a=e.__k)for(r=0;r<a.length;r++)a[r]&&(a[r].__=e,t=Ve(a[r],t,n,!1));return t}for(t&&!t.parentNode&&(t=D(e))&&!t.parentNode&&(t=null),s=e.__e,i=t;i&&i.nodeType==8;)i=i.nextSibling;for(s!=i&&(!o&&n.moveBefore&&s.parentNode?n.moveBefore(s,t):n.insertBefore(s,t||null)),t=s;(t=t&&t.nextSibling)&&t.nodeType==8&&!t.data.startsWith("$s"););return t}function Ot(e,t,n,o){var a,r=e.key,s=e.type,i=t[n],p=i&&!(2&i.__u);if(i===null&&r==null||p&&r==i.key&&s==i.type)return n;if(o>(p?1:0)){for(a=n-1;a>=0;a--)if((i=t[a])&&!(2&i.__u)&&r==i.key&&s==i.type)return a;for(a=n+1;a<t.length;a++)if((i=t[a])&&!(2&i.__u)&&r==i.key&&s==i.type)return a}return-1}function Ie(e,t,n){n==null&&(n=""),t[0]=="-"?e.setProperty(t,n):e[t]=n}function ee(e,t,n,o,a){var r,s;if(t=="style")if(typeof n=="string")e.style.cssText=n;else{if(typeof o=="string"&&(e.style.cssText=o=""),o)for(t in o)n&&t in n||Ie(e.style,t);if(n)for(t in n)o&&n[t]==o[t]||Ie(e.style,t,n[t])}else if(t[0]=="o"&&t[1]=="n")typeof n!="function"&&(n=null),typeof o!="function"&&(o=null),(e.__e||(e.__e={}))[t]=n,n&&o||(s=he[t]||(he[t]=Rt(t)),(e.__a||(e.__a={}))[t]=we,r=t!=(t=t.replace(Oe,"$1")),(t=t.slice(2))[0]<"a"&&(t=t.toLowerCase()),n?e.addEventListener(t,s,r):e.removeEventListener(t,s,r));else{if(a=="http://www.w3.org/2000/svg")t=t.replace(/xlink(H|:h)/,"h").replace(/sName$/,"s");else if(t!="width"&&t!="height"&&t!="href"&&t!="list"&&t!="form"&&t!="tabIndex"&&t!="download"&&t!="rowSpan"&&t!="colSpan"&&t!="role"&&t!="popover"&&t in e)try{return void(e[t]=n??"")}catch{}if(typeof n=="function")return;n==null||n===!1&&t[4]!="-"?e.removeAttribute(t):e.setAttribute(t,t=="popover"&&n==1?"":n)}}function Rt(e){return function(t){var n=this.__e;if(n){if(n=n[e],t[te]==null)t[te]=we++;else if(t[te]<this.__a[e])return;return n(w.event?w.event(t):t)}}}function ve(e,t,n,o,a,r,s,i,p,d){var u,b,_,c,f,S,h,g,m,T,$,fe,De,X,j,qe,L,I,A=t.type;if(t.constructor!==V)return null;128&n.__u&&(p=32&n.__u,u=n.__c.__z)&&(t.__u|=p,b=r=[],u.nodeType==8?i=oe(u,r):r.push(u),i=r[0]||i),(u=w.__b)&&u(t);e:if(typeof A=="function"){_=s.length;try{if(g=t.props,m=(u=A.prototype)&&u.render,T=(u=A.contextType)&&o[u.__c],$=u?T?T.props.value:u.__:o,(c=n.__c)?(t.__c=c,2&c.__g&&(c.__g|=1)):(m?t.__c=c=new A(g,$):(t.__c=c=new ne(g,$),c.constructor=A,c.render=Bt),T&&T.sub(c),c.state||(c.state={}),c.__n=o,c.__g|=8,c.__h=[],c.__k=[]),m&&(c.__s||(c.__s=c.state),A.getDerivedStateFromProps&&(c.__s==c.state&&(c.__s=H({},c.__s)),H(c.__s,A.getDerivedStateFromProps(g,c.__s)))),f=c.props,S=c.state,c.__v=t,n.__c){if(g!==f&&m&&!A.getDerivedStateFromProps&&c.componentWillReceiveProps&&c.componentWillReceiveProps(g,$),t.__v==n.__v&&!(8&c.__g)||!(4&c.__g)&&c.shouldComponentUpdate&&c.shouldComponentUpdate(g,c.__s,$)===!1){t.__v!=n.__v&&(c.props=g,c.state=c.__s,c.__g&=-9),t.__e=n.__e,t.__k=n.__k,t.__k.some(function(C){C&&(C.__=t)}),se.push.apply(c.__h,c.__k),c.__k=[],c.__h.length&&s.push(c),i=D(n);break e}c.componentWillUpdate&&c.componentWillUpdate(g,c.__s,$),m&&c.componentDidUpdate&&c.__h.push(function(){c.componentDidUpdate(f,S,h)})}else m&&!A.getDerivedStateFromProps&&c.componentWillMount&&c.componentWillMount(),m&&c.componentDidMount&&c.__h.push(c.componentDidMount);c.context=$,c.props=g,c.__P=e,c.__g&=-5,fe=w.__r,De=m?25:0;do c.__g&=-9,fe&&fe(t),u=c.render(c.props,c.state=c.__s,c.context);while(8&c.__g&&++De<25);m&&(se.push.apply(c.__h,c.__k),c.__k=[]),c.state=c.__s,c.getChildContext&&(o=H({},o,c.getChildContext())),m&&n.__c&&c.getSnapshotBeforeUpdate&&(h=c.getSnapshotBeforeUpdate(f,S)),X=u&&u.type===ie&&u.key==null?u.props.children:u,g.__P&&(u=i,a=(e=g.__P).namespaceURI,p=r=null,n.props&&n.props.__P!=e&&(n.__k.some(function(C){C&&ye(C,C)}),n.__k=null),i=n.__k?D(n,0):null),i=We(e,ge(X)?X:[X],t,n,o,a,r,s,i,p,d),g.__P&&(t.__e=null,i=u),t.__u&=-161,b&&b.some(F),c.__h.length&&s.push(c),1&c.__g&&(c.__g&=-4)}catch(C){if(s.length=_,t.__v=null,p||r)if(C&&C.then){if(t.__u|=128|p,r){for(~(L=r.indexOf(i||void 0))||(L=r.length);(I=r[L-1])&&I.nodeType==8;)L--;for(;L<r.length;L++)if(I=r[L])if(r[L]=null,j){if(I==qe)break}else{if(I.nodeType!=8)break;I.data.startsWith("$s")&&(qe=oe(j=I))}}if(!j){for(;i&&i.nodeType==8&&i.nextSibling;)i=i.nextSibling;j=i}(u=oe(j=t.__c.__z||(t.__c.__z=j)))?(t.__e=j,i=u):t.__e=i,i=i&&i.nextSibling}else r&&r.some(F);else t.__e=n.__e;t.__k||(t.__k=n.__k||[]),C&&C.then||Qe(t),w.__e(C,t,n)}}else i=t.__e=zt(n.__e,t,n,o,a,r,s,p,d,e);return(u=w.diffed)&&u(t),i}function oe(e,t){if(e&&e.nodeType==8&&e.data.startsWith("$s"))for(var n=1;e=e.nextSibling;){if(e.nodeType==8){if(e.data.startsWith("$s"))n++;else if(e.data.startsWith("/$s")&&!--n)return e}t&&t.push(e)}}function Qe(e){e&&(e.__c&&(e.__c.__g|=4),e.__k&&e.__k.some(Qe))}function Ke(e,t,n){for(var o=0;o<n.length;)xe(n[o++],n[o++],n[o++]);w.__c&&w.__c(t,e),e.some(function(a){try{e=a.__h,a.__h=[],e.some(function(r){r.call(a)})}catch(r){w.__e(r,a.__v)}})}function zt(e,t,n,o,a,r,s,i,p,d){var u,b,_,c,f,S,h,g,m=n.props||ae,T=t.props,$=t.type;if($=="svg"?a="http://www.w3.org/2000/svg":$=="math"?a="http://www.w3.org/1998/Math/MathML":a||(a="http://www.w3.org/1999/xhtml"),r){for(u=0;u<r.length;u++)if((f=r[u])&&($?f.localName==$:f.nodeType==3)){e=f,r[u]=null;break}}if(!e){if(g=d.ownerDocument||document,!$)return g.createTextNode(T);e=g.createElementNS(a,$,T.is?T:d),i&&(w.__m&&w.__m(t,r),i=!1),r=null}if($){if(d=$=="template"&&e.content||e,r=$=="textarea"&&T.defaultValue!=null?null:r&&$e.call(d.childNodes),!i&&r)for(m={},u=0;u<e.attributes.length;u++)m[(f=e.attributes[u]).name]=f.value;for(u in m)f=m[u],u=="dangerouslySetInnerHTML"?_=f:u=="children"||u in T||u=="value"&&"defaultValue"in T||u=="checked"&&"defaultChecked"in T||ee(e,u,null,f,a);for(u in T)f=T[u],u=="children"?c=f:u=="dangerouslySetInnerHTML"?b=f:u=="value"?S=f:u=="checked"?h=f:i&&typeof f!="function"||m[u]===f||ee(e,u,f,m[u],a);b?(i||_&&(b.__html==_.__html||b.__html==e.innerHTML)||(e.innerHTML=b.__html),t.__k=[]):(_&&(e.textContent=""),($=="foreignObject"||a=="http://www.w3.org/1998/Math/MathML"&&It.test($))&&(a="http://www.w3.org/1999/xhtml"),We(d,ge(c)?c:[c],t,n,o,a,r,s,r?r[0]:n.__k&&D(n,0),i,p),r&&r.some(F)),i&&$!="textarea"||(u="value",$=="progress"&&S==null?e.removeAttribute(u):S==null||S===e[u]&&($!="progress"||S)||ee(e,u,S,m[u],a),u="checked",h!=null&&h!=e[u]&&ee(e,u,h,m[u],a))}else m===T||i&&e.data==T||(e.data=T);return e}function xe(e,t,n,o){try{typeof e=="function"?t?t.__x=e(t)||1:o&&(o=o.__c||o.__e)&&(t=o.__x)&&(o.__x=null,typeof t=="function"?t():e(null)):e.current=t}catch(a){w.__e(a,n)}}function ye(e,t,n){var o,a,r,s;if(w.unmount&&w.unmount(e),!(o=e.ref)||o.current&&o.current!=e.__e||xe(o,null,t,e),o=e.__c){if(o.componentWillUnmount)try{o.componentWillUnmount()}catch(i){w.__e(i,t)}o.__P=o.__n=null}if(o=e.__k)for(s=0;s<o.length;s++)o[s]&&ye(o[s],t,typeof e.type!="function"||n&&!e.props.__P);!n&&(o=e.__c)&&(o=o.__z)&&(a=oe(o,r=[]))&&(o==e.__e&&r.some(F),F(a),F(o)),n||F(e.__e),e.__e=e.__c=e.__=null}function Bt(e,t,n){return this.constructor(e,n)}function ke(e,t){var n,o,a,r;w.__&&w.__(e,t),t.nodeType==9&&(t=t.documentElement),o=(n=e&&32&e.__u)?null:t.__k,t.__k=W(ie,{children:[e]}),a=[],r=[],ve(t,t.__k,o||ae,ae,t.namespaceURI,o?null:t.firstChild?$e.call(t.childNodes):null,a,o?o.__e:t.firstChild,n,r),Ke(a,t.__k,r),t.__k.props.children=null}w={__e:function(e,t,n,o){for(var a,r,s;t=t.__;)if((a=t.__c)&&!(1&a.__g)){a.__g|=4;try{if((s=(r=a.constructor)&&r.getDerivedStateFromError)&&a.setState(r.getDerivedStateFromError(e)),a.componentDidCatch&&(a.componentDidCatch(e,o||{}),s=1),s&&8&a.__g)return void(a.__g|=2)}catch(i){e=i}}throw re=0,e}},Fe=0,qt=function(e){return e!=null&&e.constructor===V},ne.prototype.setState=function(e,t){var n=this.__s;n&&n!=this.state||(n=this.__s=H({},this.state)),typeof e=="function"&&(e=e(H({},n),this.props)),e&&(H(n,e),this.__v&&(t&&this.__k.push(t),je(this)))},ne.prototype.forceUpdate=function(e){this.__v&&(this.__g|=4,e&&this.__h.push(e),je(this))},ne.prototype.render=ie,N=[],re=0,He=function(e,t){return e.__v.__b-t.__v.__b},te=Symbol(),Oe=/(PointerCapture)$|Capture$/i,we=0,he={},jt=0;var K,k,Se,Ge,Te=Object.is,le=0,rt=[],Me=[],x=w,Ye=x.__b,Je=x.__r,Ze=x.diffed,Xe=x.__c,et=x.unmount,tt=x.__;function Ue(e,t){x.__h&&x.__h(k,e,le||t),le=0;var n=k.__H||(k.__H={__:[],__h:[]});return e>=n.__.length&&n.__.push({}),n.__[e]}function U(e){return le=1,Wt(st,e)}function Wt(e,t,n){var o=Ue(K++,2);if(o.t=e,!o.__c&&(o.__=[n?n(t):st(void 0,t),function(r){var s=(o.__N||o.__)[0],i=o.t(s,r);Te(s,i)||(o.__N=[i,o.__[1]],o.__c.setState({}))}],o.__c=k,!k.__f)){k.__f=!0;var a=k.shouldComponentUpdate;k.shouldComponentUpdate=function(r,s,i){var p=this.__H;if(!p)return!0;var d=!1,u=this.props!=r;if(p.__.some(function(_){_.__N&&(d=!0,Te(_.__[0],_.__N[0])||(u=!0))}),a){var b=a.call(this,r,s,i);return d?b||u:b}return!d||u}}return o.__}function O(e,t){var n=Ue(K++,3);!x.__s&&at(n.__H,t)&&(n.__P=!0,n.__=e,n.u=t,k.__H.__h.push(n))}function R(e){return le=5,Vt(function(){return{current:e}},[])}function Vt(e,t){var n=Ue(K++,7);return at(n.__H,t)&&(n.__=e(),n.__H=t),n.__}function Qt(){var e;do{for(;e=Me.shift();)try{Q(e)}catch(n){x.__e(n,{__:(e=e.__P)&&e.__v})}for(;e=rt.shift();){var t=e.__H;if(e.__P&&t)try{t.__h.some(Q),t.__h.some(Ce),t.__h=[]}catch(n){t.__h=[],x.__e(n,e.__v)}}}while(Me.length)}x.__b=function(e){k=null,Ye&&Ye(e)},x.__=function(e,t){e&&t.__k&&t.__k.__m&&(e.__m=t.__k.__m),tt&&tt(e,t)},x.__r=function(e){Je&&Je(e),K=0;var t=(k=e.__c).__H;t&&(Se==k?k.__h=[]:(t.__h.some(Q),t.__h.some(Ce),K=0),t.__h=[],t.__.some(function(n){n.__N&&(n.__=n.__N),n.u=n.__N=void 0})),Se=k},x.diffed=function(e){Ze&&Ze(e);var t=e.__c;t&&t.__H&&(t.__H.__h.length&&ot(rt.push(t)),t.__H.__.some(function(n){n.u&&(n.__H=n.u)})),Se=k=null},x.__c=function(e,t){t.some(function(n){try{n.__h.some(Q),n.__h=n.__h.filter(function(o){return!o.__||Ce(o)})}catch(o){n.__h=[function(){throw o}]}}),Xe&&Xe(e,t)},x.unmount=function(e){et&&et(e);var t,n,o=e.__c;o&&o.__H&&(o.__H.__.some(function(a){try{if(a.__P&&a.__c){if(n===void 0){for(n=e.__;n&&(!n.__c||!n.__c.__P);)n=n.__;n=n&&n.__c}a.__P=n,ot(Me.push(a))}else Q(a)}catch(r){t=r}}),o.__H=void 0,t&&x.__e(t,o.__v))};var nt=typeof requestAnimationFrame=="function";function Kt(e){var t,n=function(){clearTimeout(o),nt&&cancelAnimationFrame(t),setTimeout(e)},o=setTimeout(n,35);nt&&(t=requestAnimationFrame(n))}function ot(e){e!=1&&Ge==x.requestAnimationFrame||((Ge=x.requestAnimationFrame)||Kt)(Qt)}function Q(e){var t=k,n=e.__c;typeof n=="function"&&(e.__c=void 0,n()),k=t}function Ce(e){var t=k;e.__c=e.__(),k=t}function at(e,t){return!e||e.length!=t.length||t.some(function(n,o){return!Te(n,e[o])})}function st(e,t){return typeof t=="function"?t(e):t}var v=e=>String(Math.trunc(e)).replace(/\B(?=(\d{3})+$)/g,","),P=(e,t,n=`${t}s`)=>`${v(e)} ${e===1?t:n}`,Gt=e=>String(Number(e.toPrecision(3)));function z(e){if(e<1e3)return`${Math.max(0,Math.trunc(e))} µs`;if(e<999950)return`${Gt(e/1e3)} ms`;let t=e/1e6;if(t<59.95)return`${t.toFixed(1)} s`;let n=Math.round(t);return n>=86400?`${Math.floor(n/86400)} d ${Math.floor(n%86400/3600)} h`:n>=3600?`${Math.floor(n/3600)} h ${Math.floor(n%3600/60)} min`:`${Math.floor(n/60)} min ${n%60} s`}var ce=e=>e?`${e<10?e.toFixed(1):v(Math.round(e))}/s`:"",E=e=>e<5995e4?`${(Math.max(0,e)/1e6).toFixed(1)} s`:z(e);function G(e,t){if(!e)return"";let n=Math.max(0,Math.floor((t-e)/1e6));return n<1?"just now":n>=86400?`${Math.floor(n/86400)} d ago`:n>=3600?`${Math.floor(n/3600)} h ago`:n>=60?`${Math.floor(n/60)} min ago`:`${n} s ago`}function it(e,t){let n=new Date(e/1e3),o=n.toLocaleTimeString();return n.toDateString()===new Date(t/1e3).toDateString()?o:`${n.toLocaleDateString()} ${o}`}var Yt=/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]/gu,y=e=>e.replace(Yt,t=>`\\u${t.codePointAt(0).toString(16).padStart(4,"0")}`);var ct=function(e,t,n,o){var a;t[0]=0;for(var r=1;r<t.length;r++){var s=t[r++],i=t[r]?(t[0]|=s?1:2,n[t[r++]]):t[++r];s===3?o[0]=i:s===4?o[1]=Object.assign(o[1]||{},i):s===5?(o[1]=o[1]||{})[t[++r]]=i:s===6?o[1][t[++r]]+=i+"":s?(a=e.apply(i,ct(e,i,n,["",null])),o.push(a),i[0]?t[0]|=2:(t[r-2]=0,t[r]=a)):o.push(i)}return o},lt=new Map;function ut(e){var t=lt.get(this);return t||(t=new Map,lt.set(this,t)),(t=ct(this,t.get(e)||(t.set(e,t=(function(n){for(var o,a,r=1,s="",i="",p=[0],d=function(_){r===1&&(_||(s=s.replace(/^\s*\n\s*|\s*\n\s*$/g,"")))?p.push(0,_,s):r===3&&(_||s)?(p.push(3,_,s),r=2):r===2&&s==="..."&&_?p.push(4,_,0):r===2&&s&&!_?p.push(5,0,!0,s):r>=5&&((s||!_&&r===5)&&(p.push(r,0,s,a),r=6),_&&(p.push(r,_,0,a),r=6)),s=""},u=0;u<n.length;u++){u&&(r===1&&d(),d(u));for(var b=0;b<n[u].length;b++)o=n[u][b],r===1?o==="<"?(d(),p=[p],r=3):s+=o:r===4?s==="--"&&o===">"?(r=1,s=""):s=o+s[0]:i?o===i?i="":s+=o:o==='"'||o==="'"?i=o:o===">"?(d(),r=1):r&&(o==="="?(r=5,a=s,s=""):o==="/"&&(r<5||n[u][b+1]===">")?(d(),r===3&&(p=p[0]),r=p,(p=p[0]).push(2,0,r),r=0):o===" "||o==="	"||o===`
`||o==="\r"?(d(),r=2):s+=o),r===3&&s==="!--"&&(r=4,p=p[0])}return d(),p})(e)),t),arguments,[])).length>1?t:t[0]}var l=ut.bind(Re);var pt={ok:"M3 8.5l3.2 3.2L13 4.8",raised:"M4 4l8 8M12 4l-8 8",abandoned:"M8 4.5V8l2.4 1.6M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z",refused:"M3.8 3.8l8.4 8.4M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z",rejected:"M6.5 3.5L3 7l3.5 3.5M3 7h7a3 3 0 0 1 0 6H8",failed:"M8 6v3.4M8 11.6v.4M8 2l6.5 11.5h-13z"},dt=({name:e})=>l`<svg class="wb-icon" viewBox="0 0 16 16" width="13" height="13" aria-hidden="true">
  <path d=${pt[e]??pt.failed} />
</svg>`;var Jt={ArrowDown:1,ArrowUp:-1,Home:-1/0,End:1/0};function _t(e,t){let n=Jt[e.key];if(n===void 0||!t)return;let o=[...t.querySelectorAll("button")],a=o.indexOf(e.target.closest("button"));if(a<0)return;e.preventDefault();let r=o[Math.min(o.length-1,Math.max(0,a+n))];for(let s of o)s.tabIndex=s===r?0:-1;r.focus()}var ue=class{constructor(){this.wanted=""}take(t){return n=>{!n||this.wanted!==t||(this.wanted="",n.focus({preventScroll:!0}))}}};function bt(e,t){e.focus.wanted="back",e.ask("open",{actor:t})}function Pe(e){e.focus.wanted=`actor:${e.frame.view.name}`,e.ask("back")}function ft(e,t){e.key==="Escape"&&(e.stopPropagation(),t.frame.view?.back?Pe(t):e.target.blur?.())}var M=({text:e})=>l`<span class="wb-name" title=${y(e)}>${y(e)}</span>`,Zt={running:"busy",ready:"good",loading:"busy",stopping:"warn",held:"warn",suspended:"warn",passive:"idle",template:"idle"},Y=({phase:e,children:t})=>l`<span class="wb-phase wb-tone-${Zt[e]??"idle"}"><i class="wb-dot" />${t??e}</span>`;function mt({problem:e}){let t=e.kind==="missing"?"info":"bad";return l`<div class="wb-banner wb-tone-${t}">
    <strong>${e.title}</strong>
    ${(e.text??"").split(`
`).map(n=>l`<div>${n}</div>`)}
  </div>`}function B({link:e}){let t=e.frame.view?.problem?.kind;return e.isStale()?l`<span class="wb-live wb-tone-bad"><i class="wb-dot" />no news</span>`:t==="stopped"?l`<span class="wb-live wb-tone-idle"><i class="wb-dot" />stopped</span>`:e.queued?l`<span class="wb-live wb-tone-warn"><i class="wb-dot" />queued until the cell ends</span>`:l`<span class="wb-live wb-tone-good"><i class="wb-dot wb-pulse" />live</span>`}function J({code:e}){let[t,n]=U(!1);return l`<button class="wb-command" title="Copy" aria-label="Copy ${e}" onClick=${async()=>{try{await globalThis.navigator.clipboard.writeText(e),n(!0),setTimeout(()=>n(!1),1200)}catch{n(!1)}}}>${t?"copied":e}</button>`}var q=({title:e,note:t,children:n,grow:o})=>l`<section class="wb-section ${o?"wb-grow":""}">
  <h4><span class="wb-title">${e}</span>${t?l`<span class="wb-note">${t}</span>`:null}</h4>
  ${n}
</section>`;var pe=e=>t=>Object.fromEntries(e.map((n,o)=>[n,t[o]])),ht=pe(["sequence","action","outcome","detail","tookUs","waitedUs","revision","changed","finishedUs","caller","invocation"]),wt=pe(["name","parent","kind","phase","revision","waiting","turns","failures","lastTurnUs","oldestUs","action","actionSinceUs","deployed"]),gt=pe(["action","caller","enqueuedUs"]),$t=pe(["atUs","action","mark","text"]);var vt=60,Ae=3,Z=24,Xt=4;function en(e,t){let n=e?.values??[],o=Math.max(Xt,...n.map(s=>s??0)),a=Math.max(0,Math.floor(t/1e6)-(e?.until_s??0)),r=vt-n.length-a;return n.map((s,i)=>[r+i,s?Math.max(1,s/o*Z):0]).filter(([s,i])=>s>=0&&i)}function de({series:e,nowUs:t,label:n}){let o=vt*Ae;return l`<svg class="wb-spark" role="img" aria-label=${n} viewBox="0 0 ${o} ${Z+1}"
      width=${o} height=${Z+1}>
    <path class="wb-spark-bars" d=${en(e,t).map(tn).join("")} />
    <rect class="wb-spark-base" y=${Z} width=${o} height="1" />
  </svg>`}var tn=([e,t])=>`M${e*Ae} ${Z}v${-t.toFixed(1)}h${Ae-1}v${t.toFixed(1)}z`;var nn=6,on=56,Ee={map:["entry","entries"],list:["item"]},Le=e=>e.kind==="map"||e.kind==="list";function xt({node:e}){return Le(e)?l`<div class="wb-tree"><${yt} node=${e} depth=${0} /></div>`:l`<div class="wb-tree"><${St} node=${e} /></div>`}function yt({node:e,depth:t}){let n=e.items??[];return l`<ul class="wb-items">
    ${n.map(([o,a])=>l`<${rn} key=${o} name=${o} node=${a} depth=${t} />`)}
    ${e.more?l`<li class="wb-more">… ${P(e.more,`more ${Ee[e.kind][0]}`,Ee[e.kind][1]&&`more ${Ee[e.kind][1]}`)}</li>`:null}
    ${!n.length&&!e.more?l`<li class="wb-more">empty</li>`:null}
  </ul>`}function rn({name:e,node:t,depth:n}){let o=Le(t)&&t.items?.length>0,a=o?sn(t):"",[r,s]=U(o&&!a&&n<1&&t.items.length<=nn),i=l`<span class="wb-key">${e}</span>`;return l`<li class="wb-item ${an(t,r)?"wb-changed":""}">
    <div class="wb-line">
      ${o?l`<button class="wb-toggle" aria-expanded=${r} onClick=${()=>s(!r)}>${i}</button>`:l`<span class="wb-toggle wb-toggle-none">${i}</span>`}
      <span class="wb-shown"><${St} node=${t} short=${r?"":a} /></span>
    </div>
    ${r?l`<${yt} node=${t} depth=${n+1} />`:null}
  </li>`}var an=(e,t)=>!!e.change||!t&&kt(e),kt=e=>(e.items??[]).some(([,t])=>t.change||kt(t));function sn(e){let t=e.items??[];if(e.more||t.some(([,a])=>a.items?.length||a.more))return"";let n=e.kind==="map",o=t.map(([a,r])=>n?`${a}: ${r.text}`:r.text).join(", ");return o.length>on?"":n?`{${o}}`:`[${o}]`}function St({node:e,short:t=""}){let n=t||e.text,o=Ne(n),a=e.more&&!Le(e)&&e.kind!=="bytes";return l`<span class="wb-value wb-${t?"short":e.kind}" ref=${o}>${n}</span>
    ${a?l`<span class="wb-more"> … ${v(e.more)} more characters</span>`:null}
    ${e.was?l` <span class="wb-was">was ${e.was}</span>`:null}
    ${e.change==="new"?l` <span class="wb-was">new</span>`:null}`}function Ne(e){let t=R(null),n=R(e);return O(()=>{n.current!==e&&!globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches&&t.current?.animate?.([{backgroundColor:"var(--wb-flash)"},{backgroundColor:"transparent"}],900),n.current=e},[e]),t}function Mt({link:e,nowUs:t,children:n}){let{view:o}=e.frame;return l`<div class="wb-panel">
    <${ln} view=${o} link=${e} />
    ${n}
    ${o.phase?l`<${un} view=${o} nowUs=${t} />`:null}
    <${vn} view=${o} />
  </div>`}function ln({view:e,link:t}){return l`<div class="wb-header">
    ${e.back?l`<button class="wb-button" ref=${t.focus.take("back")} onClick=${()=>Pe(t)} title="Esc">‹ All actors</button>`:null}
    <h3><${M} text=${e.name} /></h3>
    ${e.phase?l`<${Y} phase=${e.phase} />`:null}
    ${e.phase?l`<${cn} view=${e} />`:null}
    <span class="wb-space" />
    <${B} link=${t} />
  </div>`}function cn({view:e}){let t=Ne(e.revision);return l`<span class="wb-facts">
    <span>${e.kind}${e.parent?l` of <${M} text=${e.parent} />`:null}</span>
    <span>revision <b ref=${t} data-wb="revision">${v(e.revision??0)}</b></span>
    ${e.definition?l`<span>definition <code>${e.definition}</code></span>`:null}
    ${e.deployed===!1?l`<span class="wb-tone-warn">code not loaded here</span>`:null}
  </span>`}function un({view:e,nowUs:t}){return l`<div class="wb-body">
      <${q} title="State" grow><${pn} view=${e} /><//>
      <div class="wb-side">
        <${dn} box=${e.mailbox??{}} nowUs=${t} />
        <${bn} running=${e.running} nowUs=${t} />
      </div>
    </div>
    <${fn} view=${e} nowUs=${t} />
    <${mn} rows=${(e.log??[]).map($t)} nowUs=${t} />`}function pn({view:e}){return e.state?l`<${xt} node=${e.state} />`:l`<p class="wb-empty">${e.phase==="template"?"A template has no state; its children have.":"No state yet."}</p>`}function dn({box:e,nowUs:t}){let n=e.waiting??0,o=(e.head??[]).map(gt),a=n&&e.oldest_us?`oldest ${E(t-e.oldest_us)}`:"";return l`<${q} title="Mailbox" note=${a}>
    <div class="wb-depth">
      <span><b class="wb-big" data-wb="depth">${v(n)}</b> waiting</span>
      <${de} series=${e.depths} nowUs=${t} label="Mailbox depth in the last minute, now ${n}" />
    </div>
    ${o.length?l`<ol class="wb-queue">${o.map(r=>l`<${_n} w=${r} nowUs=${t} />`)}
      ${n>o.length?l`<li class="wb-more">… ${v(n-o.length)} more</li>`:null}</ol>`:null}
  <//>`}var _n=({w:e,nowUs:t})=>l`<li>
  <${M} text=${e.action} />
  <span class="wb-muted">${e.caller?`from ${y(e.caller)} `:""}${E(t-e.enqueuedUs)}</span>
</li>`;function bn({running:e,nowUs:t}){return e?l`<${q} title="Running">
    <div class="wb-running"><i class="wb-dot wb-pulse" /><${M} text=${e.action} />
      <b data-wb="elapsed">${e.since_us?E(t-e.since_us):""}</b>
      ${e.caller?l`<span class="wb-muted">called by ${y(e.caller)}</span>`:null}
    </div>
  <//>`:null}function fn({view:e,nowUs:t}){let n=(e.recent??[]).map(ht),o=e.rate?` · ${ce(e.rate)}`:"",a=e.failures?l` · <span class="wb-tone-bad">${P(e.failures,"failure")}</span>`:null,r=l`${P(e.turns??0,"turn")} since the system started${o}${a}`;return l`<${q} title="Last turns" note=${r}>
    ${n.length?l`<${wn} rows=${n} nowUs=${t} />`:l`<p class="wb-empty">${hn(e)}</p>`}
  <//>`}function mn({rows:e,nowUs:t}){return e.length?l`<${q} title="Log">
    <div class="wb-log" role="log" aria-live="off">${e.map(n=>l`<div class="wb-said">
      <span class="wb-muted">${G(n.atUs,t)}</span><${M} text=${n.action} />
      <span class="wb-value ${n.mark&&n.mark!=="debug"?"wb-tone-bad":""}">${n.mark?`${n.mark}: `:""}${y(n.text)}</span>
    </div>`)}</div>
  <//>`:null}var hn=e=>e.turns||e.revision?"None of its turns is among the last of the system; its history has them.":"No turns yet.",wn=({rows:e,nowUs:t})=>l`<div class="wb-scroll" role="region" aria-label="Last turns" tabindex="0"><table class="wb-table wb-turns" aria-label="Last turns, the newest first">
  <thead><tr>
    <th scope="col" class="wb-num wb-optional">turn</th><th scope="col">action</th><th scope="col">outcome</th>
    <th scope="col" class="wb-num">took</th><th scope="col" class="wb-num wb-optional">waited</th>
    <th scope="col" class="wb-num">revision</th><th scope="col" class="wb-num wb-optional">when</th>
  </tr></thead>
  <tbody>${e.map(n=>l`<${gn} key=${n.sequence} row=${n} nowUs=${t} />`)}</tbody>
</table></div>`,gn=({row:e,nowUs:t})=>l`<tr>
  <td class="wb-num wb-muted wb-optional">${v(e.sequence)}</td>
  <td><${M} text=${e.action} />${e.caller?l`<span class="wb-muted"> from ${y(e.caller)}</span>`:null}</td>
  <td><${$n} row=${e} /></td>
  <td class="wb-num">${z(e.tookUs)}</td>
  <td class="wb-num wb-muted wb-optional">${z(e.waitedUs)}</td>
  <td class="wb-num ${e.changed?"":"wb-muted"}">${e.changed?"→ ":""}${v(e.revision)}</td>
  <td class="wb-num wb-muted wb-optional">${G(e.finishedUs,t)}</td>
</tr>`,Tt={ok:["good","succeeded"],raised:["bad","the action raised; the state is as it was"],abandoned:["warn","given up before it ended; the state is as it was"],refused:["bad","its result could not be kept; the state is as it was"],rejected:["warn","never ran: the call did not fit"],failed:["bad","the system could not run it"],defect:["bad","a defect of the workbench"]};function $n({row:e}){let[t,n]=Tt[e.outcome]??Tt.failed;return l`<span class="wb-outcome wb-tone-${t}" title=${n}><${dt} name=${e.outcome} />${e.outcome}</span>
    ${e.detail?l`<span class="wb-detail" title=${e.detail}>${e.detail}</span>`:null}`}function vn({view:e}){let{dropped:t=0,merged:n=0}=e.counters??{};return e.commands?.length?l`<div class="wb-footer">
    ${(e.commands??[]).map(o=>l`<${J} code=${o} />`)}
    <span class="wb-space" />
    ${(e.absent??[]).map(o=>l`<span>${o}</span>`)}
    ${n?l`<span title="More turns were made than pictures are drawn">${P(n,"turn")} passed between updates</span>`:null}
    ${t?l`<span class="wb-tone-warn" title="More happened than could be read">${P(t,"event")} dropped</span>`:null}
  </div>`:null}function Ct(e,t){let{view:n}=e;return n?t.isStale()?"No news from the kernel.":t.queued?"Waiting for the running cell to end.":t.unknown?t.unknown:n.problem?n.problem.title:n.panel==="actor"&&n.failures?`${n.name}: ${n.failures} failures`:"":""}var _e=class{constructor(t=()=>Date.now()){this.now=t,this.said="",this.saidAt=-1/0}next(t){return t!==this.said&&this.now()-this.saidAt>=5e3&&(this.said=t,this.saidAt=this.now()),this.said}};function Ut({link:e,nowUs:t,children:n}){let{view:o}=e.frame;return l`<div class="wb-panel">
    <div class="wb-header">
      <h3><${M} text=${o.name} /></h3>
      <${xn} view=${o} link=${e} />
      <span class="wb-space" />
      <${B} link=${e} />
    </div>
    ${n}
    <${yn} key=${o.action} view=${o} link=${e} nowUs=${t} />
    <${Tn} calls=${o.calls??[]} />
  </div>`}function xn({view:e,link:t}){let n=o=>t.ask("choose",{action:o.target.value});return l`<label class="wb-facts wb-choice">action
    <select class="wb-input" value=${e.action} onChange=${n}>
      ${(e.actions??[]).map(o=>l`<option key=${o} value=${o} selected=${o===e.action}>${y(o)}</option>`)}
    </select>
  </label>`}function yn({view:e,link:t,nowUs:n}){let[o,a]=U({}),r=e.fields??[],s=(p,d)=>a({...o,[p]:d});return l`<form class="wb-form" onSubmit=${p=>{p.preventDefault();let d={};for(let u of r){let b=o[u.name]??(u.is_flag?u.default==="True":"");d[`field ${u.name}`]=b}t.ask("call",d)}} aria-label="Message for ${y(e.name)}.${y(e.action??"")}">
    ${r.map(p=>l`<${kn} key=${p.name} field=${p} value=${o[p.name]} put=${s} />`)}
    ${r.length?null:l`<p class="wb-muted">This action has no parameters.</p>`}
    <div class="wb-submit">
      <button class="wb-button" type="submit" disabled=${!!e.running}>Invoke</button>
      ${e.running?l`<span class="wb-running"><i class="wb-dot wb-pulse wb-tone-busy" />running ${E(n-e.running.since_us)}</span>`:null}
      ${e.rejected?l`<span class="wb-tone-bad" role="alert">${e.rejected}</span>`:null}
    </div>
  </form>`}function kn({field:e,value:t,put:n}){let o=e.type||"any value",a=l`<input type="checkbox" checked=${t??e.default==="True"}
    onInput=${s=>n(e.name,!!s.target.checked)} />`,r=l`<input class="wb-input" type="text" spellcheck=${!1} autocomplete="off" value=${t??""} aria-required=${e.required?"true":"false"}
    placeholder=${e.required?o:`${o}, else ${e.default}`} onInput=${s=>n(e.name,s.target.value)} />`;return l`<label class="wb-field"><span><${M} text=${e.name} />${e.required?l`<span aria-hidden="true"> *</span>`:null}</span>
    ${e.is_flag?a:e.choices?.length?l`<${Sn} field=${e} value=${t} put=${n} />`:r}</label>`}function Sn({field:e,value:t,put:n}){let o=e.required?"choose one":`default: ${e.default}`;return l`<select class="wb-input" aria-required=${e.required?"true":"false"} onChange=${a=>n(e.name,a.target.value)}>
    <option value="" selected=${!t}>${o}</option>
    ${e.choices.map(a=>l`<option key=${a} value=${a} selected=${a===t}>${y(a)}</option>`)}
  </select>`}function Tn({calls:e}){return e.length?l`<${q} title="Calls" note="a click copies the code">
    <ol class="wb-calls">${e.map(t=>l`<li key=${t.number}>
      <${J} code=${t.code} />${t.magic?l` <${J} code=${t.magic} />`:null}
      <div class="wb-tone-${{ok:"good",failed:"bad"}[t.outcome]??"busy"}">${Mn(t)}</div>
    </li>`)}</ol>
  <//>`:null}function Mn(e){return(e.outcome??"running")==="running"?"… running":`${e.outcome==="ok"?"→":"✗"} ${e.answer??""} · ${z(e.took_us??0)}`}var Cn=[["name","actor"],["kind","kind"],["phase","phase"],["revision","revision",!0],["waiting","waiting",!0],["turns","turns",!0,"since the actor was activated"],["failures","failures",!0,"since the actor was activated"],["last","last turn",!0]];function At({link:e,nowUs:t,children:n}){let{view:o}=e.frame;return l`<div class="wb-panel">
    <div class="wb-header">
      <h3><${M} text=${o.system} /></h3>
      <${Un} view=${o} />
      <span class="wb-space" />
      <${de} series=${o.rates} nowUs=${t} label="Turns a second in the last minute" />
      <${B} link=${e} />
    </div>
    ${n}
    <${Pn} view=${o} link=${e} />
    <${An} view=${o} link=${e} nowUs=${t} />
  </div>`}function Un({view:e}){return l`<span class="wb-facts">
    <span title="In memory; others are in the store until a message wakes them"><b>${v(e.actors??0)}</b> active</span>
    <span><b data-wb="waiting">${v(e.waiting??0)}</b> waiting</span>
    <span><b data-wb="turns">${v(e.turns??0)}</b> turns${e.rate?` · ${ce(e.rate)}`:""}</span>
    ${e.unwritten?l`<span title="Answered, and written with the next group">${v(e.unwritten)} not on disk yet</span>`:null}
  </span>`}function Pn({view:e,link:t}){let[n,o]=U(e.query?.search??""),a=R(0),r=(p,d)=>{o(p),clearTimeout(a.current),a.current=setTimeout(()=>t.ask("search",{text:p}),d)};O(()=>()=>clearTimeout(a.current),[]);let s=p=>{p.key!=="Escape"||!n||(p.stopPropagation(),r("",0))},i=e.rows?.length??0;return l`<div class="wb-toolbar">
    <input class="wb-search" type="search" placeholder="Search actors" aria-label="Search actors by name, template, kind or phase"
      value=${n} onInput=${p=>r(p.target.value,150)} onKeyDown=${s} />
    <span class="wb-muted">${i<(e.matching??0)||e.query?.search?`${v(i)} of ${v(e.matching??0)}`:P(i,"actor")}</span>
    ${e.counters?.dropped?l`<span class="wb-space" /><span class="wb-muted">${P(e.counters.dropped,"event")} dropped</span>`:null}
  </div>`}function An({view:e,link:t,nowUs:n}){let o=R(null),[a,r]=U(null),s=En((e.rows??[]).map(wt),a);return s.length?l`<div class="wb-scroll wb-tall">
      <table class="wb-table wb-actors" aria-label="Actors of ${y(e.system)}">
        <thead><tr>${Cn.map(i=>l`<${Ln} column=${i} query=${e.query??{}} link=${t} />`)}</tr></thead>
        <tbody ref=${o} onKeyDown=${i=>_t(i,o.current)}
          onMouseEnter=${()=>r(s.map(i=>i.name))} onMouseLeave=${()=>r(null)}>
          ${s.map((i,p)=>l`<${Nn} key=${i.name} row=${i} isFirst=${p===0} link=${t} nowUs=${n} />`)}
        </tbody>
      </table>
    </div>
    <${qn} view=${e} link=${t} />`:l`<p class="wb-empty">${jn(e)}</p>`}function En(e,t){if(!t)return e;let n=new Map(t.map((o,a)=>[o,a]));return[...e].sort((o,a)=>(n.get(o.name)??1/0)-(n.get(a.name)??1/0)||0)}function Ln({column:[e,t,n,o],query:a,link:r}){let s=(a.sort??"name")===e,i=a.descending?"descending":"ascending";return l`<th scope="col" class=${n?"wb-num":""} aria-sort=${s?i:"none"}>
    <button class="wb-sort" title=${o} onClick=${()=>r.ask("sort",{by:e})}>
      ${t}<span aria-hidden="true" class="wb-arrow">${s?a.descending?"▾":"▴":""}</span>
    </button>
  </th>`}function Nn({row:e,isFirst:t,link:n,nowUs:o}){return l`<tr>
    <td><button class="wb-link" tabindex=${t?0:-1} ref=${n.focus.take(`actor:${e.name}`)} onClick=${()=>bt(n,e.name)}>
      <${M} text=${e.name} /></button></td>
    <td class="wb-muted">${e.kind}${e.parent?` of ${y(e.parent)}`:""}</td>
    <td><${Dn} row=${e} nowUs=${o} /></td>
    <td class="wb-num">${v(e.revision)}</td>
    <td class="wb-num ${e.waiting?"wb-strong":"wb-muted"}" title=${e.oldestUs?`oldest ${E(o-e.oldestUs)}`:""}>${v(e.waiting)}</td>
    <td class="wb-num">${Pt(e)?v(e.turns):""}</td>
    <td class="wb-num ${e.failures?"wb-tone-bad":"wb-muted"}">${Pt(e)?v(e.failures):""}</td>
    <td class="wb-num wb-muted">${G(e.lastTurnUs,o)}</td>
  </tr>`}var Pt=e=>e.phase!=="passive"||e.turns>0;function Dn({row:e,nowUs:t}){if(!e.action)return l`<${Y} phase=${e.phase} /> ${e.deployed?null:l`<span class="wb-muted">no code here</span>`}`;let n=e.actionSinceUs?l`<span class="wb-muted">${E(t-e.actionSinceUs)}</span>`:null;return l`<${Y} phase="running"><${M} text=${e.action} /> ${n}<//>`}function qn({view:e,link:t}){let n=(e.matching??0)-(e.rows?.length??0);return!n&&!e.is_partial?null:l`<div class="wb-toolbar">
    ${n?l`<button class="wb-button" onClick=${()=>t.ask("more")}>Show more</button>
      <span class="wb-muted">… ${P(n,"more actor")}</span>`:null}
    ${e.is_partial?l`<span class="wb-muted">There are more actors: type the start of a name to find others.</span>`:null}
  </div>`}var jn=e=>e.query?.search?`No actor matches “${y(e.query.search)}”.`:e.problem?"No actors to show.":"No actors yet. Define one in a cell that starts with %%actor.";var In={actor:Mt,form:Ut,system:At};function Et({link:e}){Rn(e);let[t]=U(()=>new _e(e.time.now)),{view:n}=e.frame,o=e.nowUs(),a=In[n?.panel];return l`<div class="wb" role="group" aria-label=${Fn(n)} data-lm-suppress-shortcuts="true" tabindex="-1" onKeyDown=${r=>ft(r,e)}>
    ${a?l`<${a} key=${`${n.panel}:${n.name??""}`} link=${e} nowUs=${o}>
          ${Hn(e,o).map(r=>l`<${mt} problem=${r} />`)}
        <//>`:l`<p class="wb-empty">Waiting for the first picture…</p>`}
    <div class="wb-hidden" role="status" aria-live="polite">${t.next(Ct(e.frame,e))}</div>
  </div>`}var Fn=e=>e?.name?`Actor ${y(e.name)}`:`Actor system ${y(e?.system??"")}`;function Hn(e,t){let{problem:n}=e.frame.view,o=e.unknown&&{kind:"missing",title:e.unknown};return[e.isStale()?On(e,t):n,o].filter(Boolean)}var On=(e,t)=>({kind:"stale",title:"No news from the kernel",text:`This is how it was at ${it(t,Date.now()*1e3)}. If the kernel was restarted or the notebook reopened, run the cell again.`});function Rn(e){let[,t]=U(0),n=()=>t(a=>a+1),o=!!e.frame.view?.running&&!e.isStale()&&!zn();O(()=>e.subscribe(n),[e]),O(()=>{let a=setInterval(()=>globalThis.document?.hidden||n(),o?100:1e3);return()=>clearInterval(a)},[o])}var zn=()=>!!globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches;var Bn=300,Lt=6e3,Wn={seq:0,now:0,view:null},be=class{constructor(t,n={}){this.model=t,this.time={now:()=>Date.now(),setTimeout:(o,a)=>setTimeout(o,a),clearTimeout:o=>clearTimeout(o),...n},this.frame=Wn,this.focus=new ue,this.queued=0,this.unknown="",this.pending=new Map,this.listeners=new Set,this.lastId=0,this.heardAt=this.time.now(),this.offsetUs=0,this.onFrame=()=>this.take(t.get("frame")),this.onMessage=o=>this.hear(o),t.on("change:frame",this.onFrame),t.on("msg:custom",this.onMessage),this.onFrame()}subscribe(t){return this.listeners.add(t),()=>this.listeners.delete(t)}close(){this.model.off("change:frame",this.onFrame),this.model.off("msg:custom",this.onMessage);for(let t of this.pending.values())this.time.clearTimeout(t);this.pending.clear(),this.listeners.clear()}nowUs(){return(this.isStale()?this.heardAt:this.time.now())*1e3+this.offsetUs}isStale(){return this.time.now()-this.heardAt>Lt}forgive(){this.heardAt=Math.max(this.heardAt,this.time.now()-Lt/2)}ask(t,n={}){let o=++this.lastId;this.unknown="",this.pending.set(o,this.time.setTimeout(()=>this.countQueued(),Bn)),this.send({id:o,type:t,data:n})}tell(t,n){this.send({id:0,type:t,data:n})}send(t){try{this.model.send(t)}catch{}}take(t){let n=Vn(t);!n||n.seq<this.frame.seq||(this.frame=n,this.alive(n.now))}hear(t){t?.type==="beat"&&this.alive(t.now),t?.type==="heard"&&this.acknowledged(t)}alive(t){this.heardAt=this.time.now(),this.offsetUs=t-this.heardAt*1e3,this.changed()}acknowledged({id:t,known:n}){this.pending.has(t)&&(this.time.clearTimeout(this.pending.get(t)),this.pending.delete(t),n||(this.unknown="Nothing is connected to this button here."),this.countQueued(this.queued>0))}countQueued(t=!0){this.queued=t?this.pending.size:0,this.changed()}changed(){for(let t of this.listeners)t()}};function Vn(e){try{let t=JSON.parse(e);return t&&typeof t.seq=="number"&&t.view?t:null}catch{return null}}var Nt=`
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
.wb-running b { font-variant-numeric: tabular-nums; font-weight: 600; }

.wb-scroll { overflow: auto; } .wb-tall { max-height: 420px; }
.wb table.wb-table { border-collapse: collapse; width: 100%; margin: 0; border: 0; font-size: inherit; color: inherit; }
.wb .wb-table :is(th, td) { padding: 3px 16px 3px 0; text-align: left; vertical-align: baseline; border: 0; white-space: nowrap; background: none; max-width: none; }
.wb .wb-table :is(th, td):last-child { padding-right: 0; }
.wb .wb-table th.wb-num { width: 6.2em; }
.wb .wb-turns { table-layout: fixed; min-width: 460px; }
.wb .wb-turns th:nth-child(1) { width: 4.6em; } .wb .wb-turns th:nth-child(2) { width: 22%; }
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
`;var Qn=0;function Dt(e,t,{document:n=globalThis.document,window:o=globalThis}={}){let a=`${Date.now().toString(36)}-${++Qn}`,r=!0,s="",i=b=>{b!==s&&t(s=b,a)},p=()=>i(r&&!n.hidden?"visible":"hidden"),d=new o.IntersectionObserver(b=>{r=b[b.length-1].isIntersecting,p()}),u=()=>i("hidden");return d.observe(e),n.addEventListener("visibilitychange",p),o.addEventListener("pagehide",u),()=>{d.disconnect(),n.removeEventListener("visibilitychange",p),o.removeEventListener("pagehide",u),i("gone")}}function Kn(e){if(!/^[0-9a-f]+$/.test(e??""))return"";let t=`[data-wb-picture="${e}"]`;return`${t}, .jp-OutputArea-child:has(${t}) { display: none; }`}var ir={render({model:e,el:t}){let n=new be(e),o=t.ownerDocument.createElement("style"),a=t.ownerDocument.createElement("div");o.textContent=Nt+Kn(e.get("token")),t.append(o,a),ke(l`<${Et} link=${n} />`,a);let r=Dt(t,(s,i)=>{s==="visible"&&n.forgive(),n.tell("visible",{view:i,state:s})});return()=>{r(),n.close(),ke(null,a)}}};export{ir as default};
