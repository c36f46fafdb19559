/* made by `make js` from workbench/widgets/js, 7f378ff70a1ef5bedf409751a845796d */
var g,He,Ht,D,me,re,Oe,ne,Re,we,he,Ot,Q=Symbol.for("pv"),se={},ae=[],Rt=/^m(i|n|o|s|text|space)$/,ge=Array.isArray,$e=ae.slice,O=Object.assign;function H(e){e&&e.parentNode&&e.remove()}function ze(e,t,n){var o,s,r,a={},i=arguments.length;for(r in t)r=="key"?o=t[r]:r=="ref"&&typeof e!="function"?s=t[r]:a[r]=t[r];return i>2&&(a.children=i>3?$e.call(arguments,2):n),K(e,a,o,s,null)}function K(e,t,n,o,s){var r={type:e,props:t,key:n,ref:o,__k:null,__:null,__b:0,__e:null,__c:null,constructor:Q,__v:s||++He,__i:-1,__u:0};return!s&&g.vnode&&g.vnode(r),r}function ie(e){return e.children}function z(e,t){this.props=e,this.context=t,this.__g=0}function L(e,t){if(t==null)return e.__&&L(e.__,e.__i+1);for(var n;t<e.__k.length;t++)if((n=e.__k[t])&&n.__e)return n.__e;return typeof e.type!="function"||e.props.__P?null:L(e)}function zt(e){var t,n=e.__v,o=n.__e,s=[],r=[],a=e.__P;a&&((t=O({constructor:Q},n)).__v=n.__v+1,g.vnode&&g.vnode(t),ve(a,t,n,e.__n,a.namespaceURI,32&n.__u?[o]:null,s,o||L(n),32&n.__u,r),t.__v=n.__v,t.__.__k[t.__i]=t,Ye(s,t,r),n.__=n.__e=null,t.__e!=o&&Be(t))}function Be(e){if((e=e.__)&&e.__c&&!e.props.__P)return e.__e=null,e.__k.some(function(t){return t&&(e.__e=t.__e)}),Be(e)}function Ie(e){(8&e.__g||(e.__g|=8,D.push(e),re++))&&me==g.debounceRendering||((me=g.debounceRendering)||queueMicrotask)(We)}function We(){try{for(var e,t=1;D.length;)D.length>t&&D.sort(Oe),e=D.shift(),t=D.length,8&e.__g&&zt(e)}finally{(re=D.length)&&(me||queueMicrotask)(We)}}function Ve(e,t,n,o,s,r,a,i,p,d,u){var b,_,c,f,m,h,$=o.__k||ae,w=t.length;for(p=Bt(n,t,$,p,w),b=0;b<w;b++)(c=n.__k[b])!=null&&(_=~c.__i&&$[c.__i]||se,c.__i=b,h=ve(e,c,_,s,r,a,i,p,d,u),f=c.__e,(_.ref!=c.ref||8&_.__u)&&(_.ref&&xe(_.ref,null,c,_),c.ref&&u.push(c.ref,c.__c||f,c)),m=m||f,4&c.__u?(p=Ke(c,p,e,!_.__v),_.__e&&(_.__e=null)):typeof c.type=="function"&&h!==void 0?p=h:f&&(p=f.nextSibling),c.__u&=-21);return n.__e=m,p}function Bt(e,t,n,o,s){var r,a,i,p,d,u,b,_,c,f=n.length,m=f,h=0,$=0,w=e.__k=Array(s);for(r=0;r<s;r++)(a=t[r])!=null&&typeof a!="boolean"&&typeof a!="function"?(typeof a!="object"||a.constructor===String?a=w[r]=K(null,a):ge(a)?a=w[r]=K(ie,{children:a}):a.constructor===Q&&a.__b?a=w[r]=K(a.type,a.props,a.key,a.ref,a.__v):w[r]=a,p=r+h,a.__=e,a.__b=e.__b+1,i=null,~(d=a.__i=Wt(a,n,p,m))&&(m--,(i=n[d])&&(i.__u|=2)),i&&i.__v?(a.__u|=16,d==p-1?h--:d==p+1?h++:d!=p&&(d>p?h--:h++,$=1)):(~d||(s>f?h--:s<f&&h++),typeof a.type!="function"&&(a.__u|=4))):w[r]=null;if($){for(u=[],b=[],r=0;r<s;r++)if((a=w[r])&&16&a.__u){for(h=0,_=u.length;h<_;)u[c=h+_>>1]<a.__i?h=c+1:_=c;u[h]=a.__i,b[r]=h+1}for(h=u.length;r--;)b[r]&&(b[r]==h?h--:w[r].__u|=4)}if(m)for(r=0;r<f;r++)!(i=n[r])||2&i.__u||(i.__e==o&&(o=L(i)),ye(i,i));return o}function Ke(e,t,n,o){var s,r,a,i;if(typeof e.type=="function"){if(e.props.__P)return t;if(s=e.__k)for(r=0;r<s.length;r++)s[r]&&(s[r].__=e,t=Ke(s[r],t,n,!1));return t}for(t&&!t.parentNode&&(t=L(e))&&!t.parentNode&&(t=null),a=e.__e,i=t;i&&i.nodeType==8;)i=i.nextSibling;for(a!=i&&(!o&&n.moveBefore&&a.parentNode?n.moveBefore(a,t):n.insertBefore(a,t||null)),t=a;(t=t&&t.nextSibling)&&t.nodeType==8&&!t.data.startsWith("$s"););return t}function Wt(e,t,n,o){var s,r=e.key,a=e.type,i=t[n],p=i&&!(2&i.__u);if(i===null&&r==null||p&&r==i.key&&a==i.type)return n;if(o>(p?1:0)){for(s=n-1;s>=0;s--)if((i=t[s])&&!(2&i.__u)&&r==i.key&&a==i.type)return s;for(s=n+1;s<t.length;s++)if((i=t[s])&&!(2&i.__u)&&r==i.key&&a==i.type)return s}return-1}function Fe(e,t,n){n==null&&(n=""),t[0]=="-"?e.setProperty(t,n):e[t]=n}function te(e,t,n,o,s){var r,a;if(t=="style")if(typeof n=="string")e.style.cssText=n;else{if(typeof o=="string"&&(e.style.cssText=o=""),o)for(t in o)n&&t in n||Fe(e.style,t);if(n)for(t in n)o&&n[t]==o[t]||Fe(e.style,t,n[t])}else if(t[0]=="o"&&t[1]=="n")typeof n!="function"&&(n=null),typeof o!="function"&&(o=null),(e.__e||(e.__e={}))[t]=n,n&&o||(a=he[t]||(he[t]=Vt(t)),(e.__a||(e.__a={}))[t]=we,r=t!=(t=t.replace(Re,"$1")),(t=t.slice(2))[0]<"a"&&(t=t.toLowerCase()),n?e.addEventListener(t,a,r):e.removeEventListener(t,a,r));else{if(s=="http://www.w3.org/2000/svg")t=t.replace(/xlink(H|:h)/,"h").replace(/sName$/,"s");else if(t!="width"&&t!="height"&&t!="href"&&t!="list"&&t!="form"&&t!="tabIndex"&&t!="download"&&t!="rowSpan"&&t!="colSpan"&&t!="role"&&t!="popover"&&t in e)try{return void(e[t]=n??"")}catch{}if(typeof n=="function")return;n==null||n===!1&&t[4]!="-"?e.removeAttribute(t):e.setAttribute(t,t=="popover"&&n==1?"":n)}}function Vt(e){return function(t){var n=this.__e;if(n){if(n=n[e],t[ne]==null)t[ne]=we++;else if(t[ne]<this.__a[e])return;return n(g.event?g.event(t):t)}}}function ve(e,t,n,o,s,r,a,i,p,d){var u,b,_,c,f,m,h,$,w,M,v,fe,je,ee,I,qe,N,F,A=t.type;if(t.constructor!==Q)return null;128&n.__u&&(p=32&n.__u,u=n.__c.__z)&&(t.__u|=p,b=r=[],u.nodeType==8?i=oe(u,r):r.push(u),i=r[0]||i),(u=g.__b)&&u(t);e:if(typeof A=="function"){_=a.length;try{if($=t.props,w=(u=A.prototype)&&u.render,M=(u=A.contextType)&&o[u.__c],v=u?M?M.props.value:u.__:o,(c=n.__c)?(t.__c=c,2&c.__g&&(c.__g|=1)):(w?t.__c=c=new A($,v):(t.__c=c=new z($,v),c.constructor=A,c.render=Qt),M&&M.sub(c),c.state||(c.state={}),c.__n=o,c.__g|=8,c.__h=[],c.__k=[]),w&&(c.__s||(c.__s=c.state),A.getDerivedStateFromProps&&(c.__s==c.state&&(c.__s=O({},c.__s)),O(c.__s,A.getDerivedStateFromProps($,c.__s)))),f=c.props,m=c.state,c.__v=t,n.__c){if($!==f&&w&&!A.getDerivedStateFromProps&&c.componentWillReceiveProps&&c.componentWillReceiveProps($,v),t.__v==n.__v&&!(8&c.__g)||!(4&c.__g)&&c.shouldComponentUpdate&&c.shouldComponentUpdate($,c.__s,v)===!1){t.__v!=n.__v&&(c.props=$,c.state=c.__s,c.__g&=-9),t.__e=n.__e,t.__k=n.__k,t.__k.some(function(U){U&&(U.__=t)}),ae.push.apply(c.__h,c.__k),c.__k=[],c.__h.length&&a.push(c),i=L(n);break e}c.componentWillUpdate&&c.componentWillUpdate($,c.__s,v),w&&c.componentDidUpdate&&c.__h.push(function(){c.componentDidUpdate(f,m,h)})}else w&&!A.getDerivedStateFromProps&&c.componentWillMount&&c.componentWillMount(),w&&c.componentDidMount&&c.__h.push(c.componentDidMount);c.context=v,c.props=$,c.__P=e,c.__g&=-5,fe=g.__r,je=w?25:0;do c.__g&=-9,fe&&fe(t),u=c.render(c.props,c.state=c.__s,c.context);while(8&c.__g&&++je<25);w&&(ae.push.apply(c.__h,c.__k),c.__k=[]),c.state=c.__s,c.getChildContext&&(o=O({},o,c.getChildContext())),w&&n.__c&&c.getSnapshotBeforeUpdate&&(h=c.getSnapshotBeforeUpdate(f,m)),ee=u&&u.type===ie&&u.key==null?u.props.children:u,$.__P&&(u=i,s=(e=$.__P).namespaceURI,p=r=null,n.props&&n.props.__P!=e&&(n.__k.some(function(U){U&&ye(U,U)}),n.__k=null),i=n.__k?L(n,0):null),i=Ve(e,ge(ee)?ee:[ee],t,n,o,s,r,a,i,p,d),$.__P&&(t.__e=null,i=u),t.__u&=-161,b&&b.some(H),c.__h.length&&a.push(c),1&c.__g&&(c.__g&=-4)}catch(U){if(a.length=_,t.__v=null,p||r)if(U&&U.then){if(t.__u|=128|p,r){for(~(N=r.indexOf(i||void 0))||(N=r.length);(F=r[N-1])&&F.nodeType==8;)N--;for(;N<r.length;N++)if(F=r[N])if(r[N]=null,I){if(F==qe)break}else{if(F.nodeType!=8)break;F.data.startsWith("$s")&&(qe=oe(I=F))}}if(!I){for(;i&&i.nodeType==8&&i.nextSibling;)i=i.nextSibling;I=i}(u=oe(I=t.__c.__z||(t.__c.__z=I)))?(t.__e=I,i=u):t.__e=i,i=i&&i.nextSibling}else r&&r.some(H);else t.__e=n.__e;t.__k||(t.__k=n.__k||[]),U&&U.then||Qe(t),g.__e(U,t,n)}}else i=t.__e=Kt(n.__e,t,n,o,s,r,a,p,d,e);return(u=g.diffed)&&u(t),i}function oe(e,t){if(e&&e.nodeType==8&&e.data.startsWith("$s"))for(var n=1;e=e.nextSibling;){if(e.nodeType==8){if(e.data.startsWith("$s"))n++;else if(e.data.startsWith("/$s")&&!--n)return e}t&&t.push(e)}}function Qe(e){e&&(e.__c&&(e.__c.__g|=4),e.__k&&e.__k.some(Qe))}function Ye(e,t,n){for(var o=0;o<n.length;)xe(n[o++],n[o++],n[o++]);g.__c&&g.__c(t,e),e.some(function(s){try{e=s.__h,s.__h=[],e.some(function(r){r.call(s)})}catch(r){g.__e(r,s.__v)}})}function Kt(e,t,n,o,s,r,a,i,p,d){var u,b,_,c,f,m,h,$,w=n.props||se,M=t.props,v=t.type;if(v=="svg"?s="http://www.w3.org/2000/svg":v=="math"?s="http://www.w3.org/1998/Math/MathML":s||(s="http://www.w3.org/1999/xhtml"),r){for(u=0;u<r.length;u++)if((f=r[u])&&(v?f.localName==v:f.nodeType==3)){e=f,r[u]=null;break}}if(!e){if($=d.ownerDocument||document,!v)return $.createTextNode(M);e=$.createElementNS(s,v,M.is?M:d),i&&(g.__m&&g.__m(t,r),i=!1),r=null}if(v){if(d=v=="template"&&e.content||e,r=v=="textarea"&&M.defaultValue!=null?null:r&&$e.call(d.childNodes),!i&&r)for(w={},u=0;u<e.attributes.length;u++)w[(f=e.attributes[u]).name]=f.value;for(u in w)f=w[u],u=="dangerouslySetInnerHTML"?_=f:u=="children"||u in M||u=="value"&&"defaultValue"in M||u=="checked"&&"defaultChecked"in M||te(e,u,null,f,s);for(u in M)f=M[u],u=="children"?c=f:u=="dangerouslySetInnerHTML"?b=f:u=="value"?m=f:u=="checked"?h=f:i&&typeof f!="function"||w[u]===f||te(e,u,f,w[u],s);b?(i||_&&(b.__html==_.__html||b.__html==e.innerHTML)||(e.innerHTML=b.__html),t.__k=[]):(_&&(e.textContent=""),(v=="foreignObject"||s=="http://www.w3.org/1998/Math/MathML"&&Rt.test(v))&&(s="http://www.w3.org/1999/xhtml"),Ve(d,ge(c)?c:[c],t,n,o,s,r,a,r?r[0]:n.__k&&L(n,0),i,p),r&&r.some(H)),i&&v!="textarea"||(u="value",v=="progress"&&m==null?e.removeAttribute(u):m==null||m===e[u]&&(v!="progress"||m)||te(e,u,m,w[u],s),u="checked",h!=null&&h!=e[u]&&te(e,u,h,w[u],s))}else w===M||i&&e.data==M||(e.data=M);return e}function xe(e,t,n,o){try{typeof e=="function"?t?t.__x=e(t)||1:o&&(o=o.__c||o.__e)&&(t=o.__x)&&(o.__x=null,typeof t=="function"?t():e(null)):e.current=t}catch(s){g.__e(s,n)}}function ye(e,t,n){var o,s,r,a;if(g.unmount&&g.unmount(e),!(o=e.ref)||o.current&&o.current!=e.__e||xe(o,null,t,e),o=e.__c){if(o.componentWillUnmount)try{o.componentWillUnmount()}catch(i){g.__e(i,t)}o.__P=o.__n=null}if(o=e.__k)for(a=0;a<o.length;a++)o[a]&&ye(o[a],t,typeof e.type!="function"||n&&!e.props.__P);!n&&(o=e.__c)&&(o=o.__z)&&(s=oe(o,r=[]))&&(o==e.__e&&r.some(H),H(s),H(o)),n||H(e.__e),e.__e=e.__c=e.__=null}function Qt(e,t,n){return this.constructor(e,n)}function ke(e,t){var n,o,s,r;g.__&&g.__(e,t),t.nodeType==9&&(t=t.documentElement),o=(n=e&&32&e.__u)?null:t.__k,t.__k=K(ie,{children:[e]}),s=[],r=[],ve(t,t.__k,o||se,se,t.namespaceURI,o?null:t.firstChild?$e.call(t.childNodes):null,s,o?o.__e:t.firstChild,n,r),Ye(s,t.__k,r),t.__k.props.children=null}g={__e:function(e,t,n,o){for(var s,r,a;t=t.__;)if((s=t.__c)&&!(1&s.__g)){s.__g|=4;try{if((a=(r=s.constructor)&&r.getDerivedStateFromError)&&s.setState(r.getDerivedStateFromError(e)),s.componentDidCatch&&(s.componentDidCatch(e,o||{}),a=1),a&&8&s.__g)return void(s.__g|=2)}catch(i){e=i}}throw re=0,e}},He=0,Ht=function(e){return e!=null&&e.constructor===Q},z.prototype.setState=function(e,t){var n=this.__s;n&&n!=this.state||(n=this.__s=O({},this.state)),typeof e=="function"&&(e=e(O({},n),this.props)),e&&(O(n,e),this.__v&&(t&&this.__k.push(t),Ie(this)))},z.prototype.forceUpdate=function(e){this.__v&&(this.__g|=4,e&&this.__h.push(e),Ie(this))},z.prototype.render=ie,D=[],re=0,Oe=function(e,t){return e.__v.__b-t.__v.__b},ne=Symbol(),Re=/(PointerCapture)$|Capture$/i,we=0,he={},Ot=0;var G,S,Se,Ge,Me=Object.is,le=0,st=[],Te=[],k=g,Je=k.__b,Ze=k.__r,Xe=k.diffed,et=k.__c,tt=k.unmount,nt=k.__;function Ue(e,t){k.__h&&k.__h(S,e,le||t),le=0;var n=S.__H||(S.__H={__:[],__h:[]});return e>=n.__.length&&n.__.push({}),n.__[e]}function C(e){return le=1,Yt(it,e)}function Yt(e,t,n){var o=Ue(G++,2);if(o.t=e,!o.__c&&(o.__=[n?n(t):it(void 0,t),function(r){var a=(o.__N||o.__)[0],i=o.t(a,r);Me(a,i)||(o.__N=[i,o.__[1]],o.__c.setState({}))}],o.__c=S,!S.__f)){S.__f=!0;var s=S.shouldComponentUpdate;S.shouldComponentUpdate=function(r,a,i){var p=this.__H;if(!p)return!0;var d=!1,u=this.props!=r;if(p.__.some(function(_){_.__N&&(d=!0,Me(_.__[0],_.__N[0])||(u=!0))}),s){var b=s.call(this,r,a,i);return d?b||u:b}return!d||u}}return o.__}function j(e,t){var n=Ue(G++,3);!k.__s&&at(n.__H,t)&&(n.__P=!0,n.__=e,n.u=t,S.__H.__h.push(n))}function R(e){return le=5,Gt(function(){return{current:e}},[])}function Gt(e,t){var n=Ue(G++,7);return at(n.__H,t)&&(n.__=e(),n.__H=t),n.__}function Jt(){var e;do{for(;e=Te.shift();)try{Y(e)}catch(n){k.__e(n,{__:(e=e.__P)&&e.__v})}for(;e=st.shift();){var t=e.__H;if(e.__P&&t)try{t.__h.some(Y),t.__h.some(Ce),t.__h=[]}catch(n){t.__h=[],k.__e(n,e.__v)}}}while(Te.length)}k.__b=function(e){S=null,Je&&Je(e)},k.__=function(e,t){e&&t.__k&&t.__k.__m&&(e.__m=t.__k.__m),nt&&nt(e,t)},k.__r=function(e){Ze&&Ze(e),G=0;var t=(S=e.__c).__H;t&&(Se==S?S.__h=[]:(t.__h.some(Y),t.__h.some(Ce),G=0),t.__h=[],t.__.some(function(n){n.__N&&(n.__=n.__N),n.u=n.__N=void 0})),Se=S},k.diffed=function(e){Xe&&Xe(e);var t=e.__c;t&&t.__H&&(t.__H.__h.length&&rt(st.push(t)),t.__H.__.some(function(n){n.u&&(n.__H=n.u)})),Se=S=null},k.__c=function(e,t){t.some(function(n){try{n.__h.some(Y),n.__h=n.__h.filter(function(o){return!o.__||Ce(o)})}catch(o){n.__h=[function(){throw o}]}}),et&&et(e,t)},k.unmount=function(e){tt&&tt(e);var t,n,o=e.__c;o&&o.__H&&(o.__H.__.some(function(s){try{if(s.__P&&s.__c){if(n===void 0){for(n=e.__;n&&(!n.__c||!n.__c.__P);)n=n.__;n=n&&n.__c}s.__P=n,rt(Te.push(s))}else Y(s)}catch(r){t=r}}),o.__H=void 0,t&&k.__e(t,o.__v))};var ot=typeof requestAnimationFrame=="function";function Zt(e){var t,n=function(){clearTimeout(o),ot&&cancelAnimationFrame(t),setTimeout(e)},o=setTimeout(n,35);ot&&(t=requestAnimationFrame(n))}function rt(e){e!=1&&Ge==k.requestAnimationFrame||((Ge=k.requestAnimationFrame)||Zt)(Jt)}function Y(e){var t=S,n=e.__c;typeof n=="function"&&(e.__c=void 0,n()),S=t}function Ce(e){var t=S;e.__c=e.__(),S=t}function at(e,t){return!e||e.length!=t.length||t.some(function(n,o){return!Me(n,e[o])})}function it(e,t){return typeof t=="function"?t(e):t}var x=e=>String(Math.trunc(e)).replace(/\B(?=(\d{3})+$)/g,","),P=(e,t,n=`${t}s`)=>`${x(e)} ${e===1?t:n}`,Xt=e=>String(Number(e.toPrecision(3)));function B(e){if(e<1e3)return`${Math.max(0,Math.trunc(e))} µs`;if(e<999950)return`${Xt(e/1e3)} ms`;let t=e/1e6;if(t<59.95)return`${t.toFixed(1)} s`;let n=Math.round(t);return n>=86400?`${Math.floor(n/86400)} d ${Math.floor(n%86400/3600)} h`:n>=3600?`${Math.floor(n/3600)} h ${Math.floor(n%3600/60)} min`:`${Math.floor(n/60)} min ${n%60} s`}var ce=e=>e?`${e<10?e.toFixed(1):x(Math.round(e))}/s`:"",E=e=>e<5995e4?`${(Math.max(0,e)/1e6).toFixed(1)} s`:B(e);function W(e,t){if(!e)return"";let n=Math.max(0,Math.floor((t-e)/1e6));return n<1?"just now":n>=86400?`${Math.floor(n/86400)} d ago`:n>=3600?`${Math.floor(n/3600)} h ago`:n>=60?`${Math.floor(n/60)} min ago`:`${n} s ago`}function lt(e,t){let n=new Date(e/1e3),o=n.toLocaleTimeString();return n.toDateString()===new Date(t/1e3).toDateString()?o:`${n.toLocaleDateString()} ${o}`}var en=/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]/gu,y=e=>e.replace(en,t=>`\\u${t.codePointAt(0).toString(16).padStart(4,"0")}`);var ut=function(e,t,n,o){var s;t[0]=0;for(var r=1;r<t.length;r++){var a=t[r++],i=t[r]?(t[0]|=a?1:2,n[t[r++]]):t[++r];a===3?o[0]=i:a===4?o[1]=Object.assign(o[1]||{},i):a===5?(o[1]=o[1]||{})[t[++r]]=i:a===6?o[1][t[++r]]+=i+"":a?(s=e.apply(i,ut(e,i,n,["",null])),o.push(s),i[0]?t[0]|=2:(t[r-2]=0,t[r]=s)):o.push(i)}return o},ct=new Map;function pt(e){var t=ct.get(this);return t||(t=new Map,ct.set(this,t)),(t=ut(this,t.get(e)||(t.set(e,t=(function(n){for(var o,s,r=1,a="",i="",p=[0],d=function(_){r===1&&(_||(a=a.replace(/^\s*\n\s*|\s*\n\s*$/g,"")))?p.push(0,_,a):r===3&&(_||a)?(p.push(3,_,a),r=2):r===2&&a==="..."&&_?p.push(4,_,0):r===2&&a&&!_?p.push(5,0,!0,a):r>=5&&((a||!_&&r===5)&&(p.push(r,0,a,s),r=6),_&&(p.push(r,_,0,s),r=6)),a=""},u=0;u<n.length;u++){u&&(r===1&&d(),d(u));for(var b=0;b<n[u].length;b++)o=n[u][b],r===1?o==="<"?(d(),p=[p],r=3):a+=o:r===4?a==="--"&&o===">"?(r=1,a=""):a=o+a[0]:i?o===i?i="":a+=o:o==='"'||o==="'"?i=o:o===">"?(d(),r=1):r&&(o==="="?(r=5,s=a,a=""):o==="/"&&(r<5||n[u][b+1]===">")?(d(),r===3&&(p=p[0]),r=p,(p=p[0]).push(2,0,r),r=0):o===" "||o==="	"||o===`
`||o==="\r"?(d(),r=2):a+=o),r===3&&a==="!--"&&(r=4,p=p[0])}return d(),p})(e)),t),arguments,[])).length>1?t:t[0]}var l=pt.bind(ze);var dt={ok:"M3 8.5l3.2 3.2L13 4.8",raised:"M4 4l8 8M12 4l-8 8",abandoned:"M8 4.5V8l2.4 1.6M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z",refused:"M3.8 3.8l8.4 8.4M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z",rejected:"M6.5 3.5L3 7l3.5 3.5M3 7h7a3 3 0 0 1 0 6H8",failed:"M8 6v3.4M8 11.6v.4M8 2l6.5 11.5h-13z"},bt=({name:e})=>l`<svg class="wb-icon" viewBox="0 0 16 16" width="13" height="13" aria-hidden="true">
  <path d=${dt[e]??dt.failed} />
</svg>`;var tn={ArrowDown:1,ArrowUp:-1,Home:-1/0,End:1/0};function _t(e,t){let n=tn[e.key];if(n===void 0||!t)return;let o=[...t.querySelectorAll("button")],s=o.indexOf(e.target.closest("button"));if(s<0)return;e.preventDefault();let r=o[Math.min(o.length-1,Math.max(0,s+n))];for(let a of o)a.tabIndex=a===r?0:-1;r.focus()}var ue=class{constructor(){this.wanted=""}take(t){return n=>{!n||this.wanted!==t||(this.wanted="",n.focus({preventScroll:!0}))}}};function ft(e,t){e.focus.wanted="back",e.ask("open",{actor:t})}function Pe(e){e.focus.wanted=`actor:${e.frame.view.name}`,e.ask("back")}function mt(e,t){e.key==="Escape"&&(e.stopPropagation(),t.frame.view?.back?Pe(t):e.target.blur?.())}var T=({text:e})=>l`<span class="wb-name" title=${y(e)}>${y(e)}</span>`,nn={running:"busy",ready:"good",loading:"busy",stopping:"warn",held:"warn",suspended:"warn",passive:"idle",template:"idle"},J=({phase:e,children:t})=>l`<span class="wb-phase wb-tone-${nn[e]??"idle"}"><i class="wb-dot" />${t??e}</span>`;function ht({problem:e}){let t=e.kind==="missing"?"info":"bad";return l`<div class="wb-banner wb-tone-${t}">
    <strong>${e.title}</strong>
    ${(e.text??"").split(`
`).map(n=>l`<div>${n}</div>`)}
  </div>`}function V({link:e}){let t=e.frame.view?.problem?.kind;return e.isStale()?l`<span class="wb-live wb-tone-bad"><i class="wb-dot" />no news</span>`:t==="stopped"?l`<span class="wb-live wb-tone-idle"><i class="wb-dot" />stopped</span>`:e.queued?l`<span class="wb-live wb-tone-warn"><i class="wb-dot" />queued until the cell ends</span>`:l`<span class="wb-live wb-tone-good"><i class="wb-dot wb-pulse" />live</span>`}function Z({code:e}){let[t,n]=C(!1);return l`<button class="wb-command" title="Copy" aria-label="Copy ${e}" onClick=${async()=>{try{await globalThis.navigator.clipboard.writeText(e),n(!0),setTimeout(()=>n(!1),1200)}catch{n(!1)}}}>${t?"copied":e}</button>`}var q=({title:e,note:t,children:n,grow:o})=>l`<section class="wb-section ${o?"wb-grow":""}">
  <h4><span class="wb-title">${e}</span>${t?l`<span class="wb-note">${t}</span>`:null}</h4>
  ${n}
</section>`;var pe=e=>t=>Object.fromEntries(e.map((n,o)=>[n,t[o]])),wt=pe(["sequence","action","outcome","detail","tookUs","waitedUs","revision","changed","finishedUs","caller","invocation"]),gt=pe(["name","parent","kind","phase","revision","waiting","turns","failures","lastTurnUs","oldestUs","action","actionSinceUs","deployed"]),$t=pe(["action","caller","enqueuedUs"]),vt=pe(["atUs","action","mark","text"]);var xt=60,Ee=3,X=24,on=4;function rn(e,t){let n=e?.values??[],o=Math.max(on,...n.map(a=>a??0)),s=Math.max(0,Math.floor(t/1e6)-(e?.until_s??0)),r=xt-n.length-s;return n.map((a,i)=>[r+i,a?Math.max(1,a/o*X):0]).filter(([a,i])=>a>=0&&i)}function de({series:e,nowUs:t,label:n}){let o=xt*Ee;return l`<svg class="wb-spark" role="img" aria-label=${n} viewBox="0 0 ${o} ${X+1}"
      width=${o} height=${X+1}>
    <path class="wb-spark-bars" d=${rn(e,t).map(sn).join("")} />
    <rect class="wb-spark-base" y=${X} width=${o} height="1" />
  </svg>`}var sn=([e,t])=>`M${e*Ee} ${X}v${-t.toFixed(1)}h${Ee-1}v${t.toFixed(1)}z`;var an=6,ln=56,Ae={map:["entry","entries"],list:["item"]},Ne=e=>e.kind==="map"||e.kind==="list";function yt({node:e}){return Ne(e)?l`<div class="wb-tree"><${kt} node=${e} depth=${0} /></div>`:l`<div class="wb-tree"><${Mt} node=${e} /></div>`}function kt({node:e,depth:t}){let n=e.items??[];return l`<ul class="wb-items">
    ${n.map(([o,s])=>l`<${cn} key=${o} name=${o} node=${s} depth=${t} />`)}
    ${e.more?l`<li class="wb-more">… ${P(e.more,`more ${Ae[e.kind][0]}`,Ae[e.kind][1]&&`more ${Ae[e.kind][1]}`)}</li>`:null}
    ${!n.length&&!e.more?l`<li class="wb-more">empty</li>`:null}
  </ul>`}function cn({name:e,node:t,depth:n}){let o=Ne(t)&&t.items?.length>0,s=o?pn(t):"",[r,a]=C(o&&!s&&n<1&&t.items.length<=an),i=l`<span class="wb-key">${e}</span>`;return l`<li class="wb-item ${un(t,r)?"wb-changed":""}">
    <div class="wb-line">
      ${o?l`<button class="wb-toggle" aria-expanded=${r} onClick=${()=>a(!r)}>${i}</button>`:l`<span class="wb-toggle wb-toggle-none">${i}</span>`}
      <span class="wb-shown"><${Mt} node=${t} short=${r?"":s} /></span>
    </div>
    ${r?l`<${kt} node=${t} depth=${n+1} />`:null}
  </li>`}var un=(e,t)=>!!e.change||!t&&St(e),St=e=>(e.items??[]).some(([,t])=>t.change||St(t));function pn(e){let t=e.items??[];if(e.more||t.some(([,s])=>s.items?.length||s.more))return"";let n=e.kind==="map",o=t.map(([s,r])=>n?`${s}: ${r.text}`:r.text).join(", ");return o.length>ln?"":n?`{${o}}`:`[${o}]`}function Mt({node:e,short:t=""}){let n=t||e.text,o=De(n),s=e.more&&!Ne(e)&&e.kind!=="bytes";return l`<span class="wb-value wb-${t?"short":e.kind}" ref=${o}>${n}</span>
    ${s?l`<span class="wb-more"> … ${x(e.more)} more characters</span>`:null}
    ${e.was?l` <span class="wb-was">was ${e.was}</span>`:null}
    ${e.change==="new"?l` <span class="wb-was">new</span>`:null}`}function De(e){let t=R(null),n=R(e);return j(()=>{n.current!==e&&!globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches&&t.current?.animate?.([{backgroundColor:"var(--wb-flash)"},{backgroundColor:"transparent"}],900),n.current=e},[e]),t}function Ct({link:e,nowUs:t,children:n}){let{view:o}=e.frame;return l`<div class="wb-panel">
    <${dn} view=${o} link=${e} />
    ${n}
    ${o.phase?l`<${_n} view=${o} nowUs=${t} />`:null}
    <${Sn} view=${o} />
  </div>`}function dn({view:e,link:t}){return l`<div class="wb-header">
    ${e.back?l`<button class="wb-button" ref=${t.focus.take("back")} onClick=${()=>Pe(t)} title="Esc">‹ All actors</button>`:null}
    <h3><${T} text=${e.name} /></h3>
    ${e.phase?l`<${J} phase=${e.phase} />`:null}
    ${e.phase?l`<${bn} view=${e} />`:null}
    <span class="wb-space" />
    <${V} link=${t} />
  </div>`}function bn({view:e}){let t=De(e.revision);return l`<span class="wb-facts">
    <span>${e.kind}${e.parent?l` of <${T} text=${e.parent} />`:null}</span>
    <span>revision <b ref=${t} data-wb="revision">${x(e.revision??0)}</b></span>
    ${e.definition?l`<span>definition <code>${e.definition}</code></span>`:null}
    ${e.deployed===!1?l`<span class="wb-tone-warn">code not loaded</span>`:null}
  </span>`}function _n({view:e,nowUs:t}){return l`<div class="wb-body">
      <${q} title="State" grow><${fn} view=${e} /><//>
      <div class="wb-side">
        <${mn} box=${e.mailbox??{}} nowUs=${t} />
        <${wn} running=${e.running} nowUs=${t} />
      </div>
    </div>
    <${gn} view=${e} nowUs=${t} />
    <${$n} rows=${(e.log??[]).map(vt)} nowUs=${t} />`}function fn({view:e}){return e.state?l`<${yt} node=${e.state} />`:l`<p class="wb-empty">${e.phase==="template"?"A template has no state; its children have.":"No state yet."}</p>`}function mn({box:e,nowUs:t}){let n=e.waiting??0,o=(e.head??[]).map($t),s=n&&e.oldest_us?`oldest ${E(t-e.oldest_us)}`:"";return l`<${q} title="Mailbox" note=${s}>
    <div class="wb-depth">
      <span><b class="wb-big" data-wb="depth">${x(n)}</b> waiting</span>
      <${de} series=${e.depths} nowUs=${t} label="Mailbox depth in the last minute, now ${n}" />
    </div>
    ${o.length?l`<ol class="wb-queue">${o.map(r=>l`<${hn} w=${r} nowUs=${t} />`)}
      ${n>o.length?l`<li class="wb-more">… ${x(n-o.length)} more</li>`:null}</ol>`:null}
  <//>`}var hn=({w:e,nowUs:t})=>l`<li>
  <${T} text=${e.action} />
  <span class="wb-muted">${e.caller?`from ${y(e.caller)} `:""}${E(t-e.enqueuedUs)}</span>
</li>`;function wn({running:e,nowUs:t}){return e?l`<${q} title="Running">
    <div class="wb-running"><i class="wb-dot wb-pulse" /><${T} text=${e.action} />
      <b data-wb="elapsed">${e.since_us?E(t-e.since_us):""}</b>
      ${e.caller?l`<span class="wb-muted">called by ${y(e.caller)}</span>`:null}
    </div>
  <//>`:null}function gn({view:e,nowUs:t}){let n=(e.recent??[]).map(wt),o=e.rate?` · ${ce(e.rate)}`:"",s=e.failures?l` · <span class="wb-tone-bad">${P(e.failures,"failure")}</span>`:null,r=l`${P(e.turns??0,"turn")} since the system started${o}${s}`;return l`<${q} title="Last turns" note=${r}>
    ${n.length?l`<${xn} rows=${n} nowUs=${t} />`:l`<p class="wb-empty">${vn(e)}</p>`}
  <//>`}function $n({rows:e,nowUs:t}){return e.length?l`<${q} title="Log">
    <div class="wb-log" role="log" aria-live="off">${e.map(n=>l`<div class="wb-said">
      <span class="wb-muted">${W(n.atUs,t)}</span><${T} text=${n.action} />
      <span class="wb-value ${n.mark&&n.mark!=="debug"?"wb-tone-bad":""}">${n.mark?`${n.mark}: `:""}${y(n.text)}</span>
    </div>`)}</div>
  <//>`:null}var vn=e=>e.turns||e.revision?"None of its turns is among the last of the system; its history has them.":"No turns yet.",xn=({rows:e,nowUs:t})=>l`<div class="wb-scroll" role="region" aria-label="Last turns" tabindex="0"><table class="wb-table wb-turns" aria-label="Last turns, the newest first">
  <thead><tr>
    <th scope="col" class="wb-num wb-optional">turn</th><th scope="col">action</th><th scope="col">outcome</th>
    <th scope="col" class="wb-num">took</th><th scope="col" class="wb-num wb-optional">waited</th>
    <th scope="col" class="wb-num">revision</th><th scope="col" class="wb-num wb-optional">when</th>
  </tr></thead>
  <tbody>${e.map(n=>l`<${yn} key=${n.sequence} row=${n} nowUs=${t} />`)}</tbody>
</table></div>`,yn=({row:e,nowUs:t})=>l`<tr>
  <td class="wb-num wb-muted wb-optional">${x(e.sequence)}</td>
  <td><${T} text=${e.action} />${e.caller?l`<span class="wb-muted"> from ${y(e.caller)}</span>`:null}</td>
  <td><${kn} row=${e} /></td>
  <td class="wb-num">${B(e.tookUs)}</td>
  <td class="wb-num wb-muted wb-optional">${B(e.waitedUs)}</td>
  <td class="wb-num ${e.changed?"":"wb-muted"}">${e.changed?"→ ":""}${x(e.revision)}</td>
  <td class="wb-num wb-muted wb-optional">${W(e.finishedUs,t)}</td>
</tr>`,Tt={ok:["good","succeeded"],raised:["bad","the action raised; the state is as it was"],abandoned:["warn","given up before it ended; the state is as it was"],refused:["bad","its result could not be kept; the state is as it was"],rejected:["warn","never ran: the call did not fit"],failed:["bad","the system could not run it"],defect:["bad","a defect of the workbench"]};function kn({row:e}){let[t,n]=Tt[e.outcome]??Tt.failed;return l`<span class="wb-outcome wb-tone-${t}" title=${n}><${bt} name=${e.outcome} />${e.outcome}</span>
    ${e.detail?l`<span class="wb-detail" title=${e.detail}>${e.detail}</span>`:null}`}function Sn({view:e}){let{dropped:t=0,merged:n=0}=e.counters??{};return e.commands?.length?l`<div class="wb-footer">
    ${(e.commands??[]).map(o=>l`<${Z} code=${o} />`)}
    <span class="wb-space" />
    ${(e.absent??[]).map(o=>l`<span>${o}</span>`)}
    ${n?l`<span title="More turns were made than pictures are drawn">${P(n,"turn")} passed between updates</span>`:null}
    ${t?l`<span class="wb-tone-warn" title="More happened than could be read">${P(t,"event")} dropped</span>`:null}
  </div>`:null}function Ut(e,t){let{view:n}=e;return n?t.isStale()?"No news from the kernel.":t.queued?"Waiting for the running cell to end.":t.unknown?t.unknown:n.problem?n.problem.title:n.panel==="actor"&&n.failures?`${n.name}: ${n.failures} failures`:"":""}var be=class{constructor(t=()=>Date.now()){this.now=t,this.said="",this.saidAt=-1/0}next(t){return t!==this.said&&this.now()-this.saidAt>=5e3&&(this.said=t,this.saidAt=this.now()),this.said}};function Pt({link:e,nowUs:t,children:n}){let{view:o}=e.frame;return l`<div class="wb-panel">
    <div class="wb-header">
      <h3><${T} text=${o.name} /></h3>
      <${Mn} view=${o} link=${e} />
      <span class="wb-space" />
      <${V} link=${e} />
    </div>
    ${n}
    <${Tn} key=${o.action} view=${o} link=${e} nowUs=${t} />
    <${Pn} calls=${o.calls??[]} />
  </div>`}function Mn({view:e,link:t}){let n=o=>t.ask("choose",{action:o.target.value});return l`<label class="wb-facts wb-choice">action
    <select class="wb-input" value=${e.action} onChange=${n}>
      ${(e.actions??[]).map(o=>l`<option key=${o} value=${o} selected=${o===e.action}>${y(o)}</option>`)}
    </select>
  </label>`}function Tn({view:e,link:t,nowUs:n}){let[o,s]=C({}),r=e.fields??[],a=(d,u)=>s({...o,[d]:u}),i=d=>{d.key!=="Enter"||d.isComposing||d.target.localName!=="input"||(d.stopPropagation(),p(d))},p=d=>{if(d.preventDefault(),e.running)return;let u={};for(let b of r){let _=o[b.name]??(b.is_flag?b.default==="True":"");u[`field ${b.name}`]=_}t.ask("call",u)};return l`<form class="wb-form" onSubmit=${p} onKeyDown=${i} aria-label="Message for ${y(e.name)}.${y(e.action??"")}">
    ${r.map(d=>l`<${Cn} key=${d.name} field=${d} value=${o[d.name]} put=${a} />`)}
    ${r.length?null:l`<p class="wb-muted">This action has no parameters.</p>`}
    ${e.limit?l`<p class="wb-muted">A call that takes longer than ${e.limit} is ended.</p>`:null}
    <div class="wb-submit">
      <button class="wb-button" type="submit" disabled=${!!e.running}>Invoke</button>
      ${e.running?l`<span class="wb-running"><i class="wb-dot wb-pulse wb-tone-busy" />running ${E(n-e.running.since_us)}</span>`:null}
      ${e.rejected?l`<span class="wb-tone-bad" role="alert">${e.rejected}</span>`:null}
    </div>
  </form>`}function Cn({field:e,value:t,put:n}){let o=e.type||"any value",s=l`<input type="checkbox" checked=${t??e.default==="True"}
    onInput=${a=>n(e.name,!!a.target.checked)} />`,r=l`<input class="wb-input" type="text" spellcheck=${!1} autocomplete="off" value=${t??""} aria-required=${e.required?"true":"false"}
    placeholder=${e.required?o:`${o}, else ${e.default}`} onInput=${a=>n(e.name,a.target.value)} />`;return l`<label class="wb-field"><span><${T} text=${e.name} />${e.required?l`<span aria-hidden="true"> *</span>`:null}</span>
    ${e.is_flag?s:e.choices?.length?l`<${Un} field=${e} value=${t} put=${n} />`:r}</label>`}function Un({field:e,value:t,put:n}){let o=e.required?"choose one":`default: ${e.default}`;return l`<select class="wb-input" aria-required=${e.required?"true":"false"} onChange=${s=>n(e.name,s.target.value)}>
    <option value="" selected=${!t}>${o}</option>
    ${e.choices.map(s=>l`<option key=${s} value=${s} selected=${s===t}>${y(s)}</option>`)}
  </select>`}function Pn({calls:e}){return e.length?l`<${q} title="Calls" note="a click copies the code">
    <ol class="wb-calls">${e.map(t=>l`<li key=${t.number}>
      <${Z} code=${t.code} />${t.magic?l` <${Z} code=${t.magic} />`:null}
      <div class="wb-tone-${{ok:"good",failed:"bad"}[t.outcome]??"busy"}">${En(t)}</div>
    </li>`)}</ol>
  <//>`:null}function En(e){return(e.outcome??"running")==="running"?"… running":`${e.outcome==="ok"?"→":"✗"} ${e.answer??""} · ${B(e.took_us??0)}`}var Lt=[["name","actor"],["kind","kind"],["phase","phase"],["revision","revision",!0],["waiting","waiting",!0],["turns","turns",!0,"since the system started"],["failures","failures",!0,"since the system started"],["last","last turn",!0]];function jt({link:e,nowUs:t,children:n}){let{view:o}=e.frame;return l`<div class="wb-panel">
    <div class="wb-header">
      <h3><${T} text=${o.system} /></h3>
      <${An} view=${o} />
      <span class="wb-space" />
      <${de} series=${o.rates} nowUs=${t} label="Turns a second in the last minute" />
      <${V} link=${e} />
    </div>
    ${n}
    <${Nn} view=${o} link=${e} />
    <${Dn} view=${o} link=${e} nowUs=${t} />
  </div>`}function An({view:e}){return e.told?l`<span class="wb-facts"><span>It tells ${y(e.told)}.</span></span>`:l`<span class="wb-facts">
    <span title="In memory; others are in the store until a message wakes them"><b>${x(e.actors??0)}</b> active</span>
    <span><b data-wb="waiting">${x(e.waiting??0)}</b> waiting</span>
    <span><b data-wb="turns">${x(e.turns??0)}</b> turns${e.rate?` · ${ce(e.rate)}`:""}</span>
    ${e.unwritten?l`<span title="Answered, and written with the next group">${x(e.unwritten)} not on disk yet</span>`:null}
  </span>`}function Nn({view:e,link:t}){let[n,o]=C(e.query?.search??""),s=R(0),r=(p,d)=>{o(p),clearTimeout(s.current),s.current=setTimeout(()=>t.ask("search",{text:p}),d)};j(()=>()=>clearTimeout(s.current),[]);let a=p=>{p.key!=="Escape"||!n||(p.stopPropagation(),r("",0))},i=e.rows?.length??0;return l`<div class="wb-toolbar">
    <input class="wb-search" type="search" placeholder="Search actors" aria-label="Search actors by name, template, kind or phase"
      value=${n} onInput=${p=>r(p.target.value,150)} onKeyDown=${a} />
    <span class="wb-muted">${i<(e.matching??0)||e.query?.search?`${x(i)} of ${x(e.matching??0)}`:P(i,"actor")}</span>
    ${e.counters?.dropped?l`<span class="wb-space" /><span class="wb-muted">${P(e.counters.dropped,"event")} dropped</span>`:null}
  </div>`}function Dn({view:e,link:t,nowUs:n}){let o=R(null),[s,r]=C(null),a=R(null),[i,p]=Fn(a),d=Ln((e.rows??[]).map(gt),s);if(!d.length)return l`<p class="wb-empty">${zn(e)}</p>`;let{from:u,to:b,above:_,below:c}=In(d.length,i),f=m=>{if(!(m.key==="Home"&&u>0||m.key==="End"&&b<d.length))return _t(m,o.current);m.preventDefault(),t.focus.wanted=`actor:${d.at(m.key==="Home"?0:-1).name}`,a.current.scrollTop=m.key==="Home"?0:a.current.scrollHeight};return l`<div class="wb-scroll wb-tall" ref=${a} onScroll=${p}>
      <table class="wb-table wb-actors" aria-rowcount=${d.length+1} aria-label="Actors of ${y(e.system)}">
        <thead><tr>${Lt.map(m=>l`<${jn} column=${m} query=${e.query??{}} link=${t} />`)}</tr></thead>
        <tbody ref=${o} onKeyDown=${f}
          onMouseEnter=${()=>r(d.map(m=>m.name))} onMouseLeave=${()=>r(null)}>
          <${At} height=${_} />
          ${d.slice(u,b).map((m,h)=>l`<${Le} key=${m.name} row=${m} index=${u+h} isFirst=${h===0} link=${t} nowUs=${n} />`)}
          <${At} height=${c} />
        </tbody>
      </table>
    </div>
    <${Rn} view=${e} link=${t} />`}function Ln(e,t){if(!t)return e;let n=new Map(t.map((o,s)=>[o,s]));return[...e].sort((o,s)=>(n.get(o.name)??1/0)-(n.get(s.name)??1/0)||0)}function jn({column:[e,t,n,o],query:s,link:r}){let a=(s.sort??"name")===e,i=s.descending?"descending":"ascending";return l`<th scope="col" class=${n?"wb-num":""} aria-sort=${a?i:"none"}>
    <button class="wb-sort" title=${o} onClick=${()=>r.ask("sort",{by:e})}>
      ${t}<span aria-hidden="true" class="wb-arrow">${a?s.descending?"▾":"▴":""}</span>
    </button>
  </th>`}var qn=200,Et=30;function In(e,{top:t,height:n,rowHeight:o}){if(e<=qn||!o)return{from:0,to:e,above:0,below:0};let s=Math.max(0,Math.min(e,Math.floor(t/o))-Et),r=Math.min(e,Math.ceil((t+n)/o)+Et);return{from:s,to:r,above:s*o,below:(e-r)*o}}function Fn(e){let[t,n]=C({top:0,height:0,rowHeight:0}),o=()=>{let s=e.current,r=s?.querySelector?.("tbody tr.wb-row")?.getBoundingClientRect?.().height??0,a=Math.floor((s?.scrollTop??0)/200)*200,i=(s?.clientHeight??0)+200;r&&(a!==t.top||i!==t.height||Math.abs(r-t.rowHeight)>1)&&n({top:a,height:i,rowHeight:r})};return j(o),[t,o]}var At=({height:e})=>e?l`<tr aria-hidden="true" style=${{height:`${e}px`}}><td colspan=${Lt.length} /></tr>`:null,Le=class extends z{shouldComponentUpdate({row:t,index:n,isFirst:o,nowUs:s}){let r=this.props;return n!==r.index||o!==r.isFirst||Nt(t,s)!==Nt(r.row,r.nowUs)||Object.keys(t).some(a=>t[a]!==r.row[a])}render({row:t,index:n,isFirst:o,link:s,nowUs:r}){return Hn(t,n,o,s,r)}},Nt=(e,t)=>[W(e.lastTurnUs,t),e.action?E(t-e.actionSinceUs):"",e.oldestUs?E(t-e.oldestUs):""].join();function Hn(e,t,n,o,s){return l`<tr class="wb-row" aria-rowindex=${t+2}>
    <td><button class="wb-link" tabindex=${n?0:-1} ref=${o.focus.take(`actor:${e.name}`)} onClick=${()=>ft(o,e.name)}>
      <${T} text=${e.name} /></button></td>
    <td class="wb-muted">${e.kind}${e.parent?` of ${y(e.parent)}`:""}</td>
    <td><${On} row=${e} nowUs=${s} /></td>
    <td class="wb-num">${x(e.revision)}</td>
    <td class="wb-num ${e.waiting?"wb-strong":"wb-muted"}" title=${e.oldestUs?`oldest ${E(s-e.oldestUs)}`:""}>${x(e.waiting)}</td>
    <td class="wb-num">${Dt(e)?x(e.turns):""}</td>
    <td class="wb-num ${e.failures?"wb-tone-bad":"wb-muted"}">${Dt(e)?x(e.failures):""}</td>
    <td class="wb-num wb-muted">${W(e.lastTurnUs,s)}</td>
  </tr>`}var Dt=e=>e.phase!=="passive"||e.turns>0;function On({row:e,nowUs:t}){if(!e.action)return l`<${J} phase=${e.phase} /> ${e.deployed?null:l`<span class="wb-muted">no code here</span>`}`;let n=e.actionSinceUs?l`<span class="wb-muted">${E(t-e.actionSinceUs)}</span>`:null;return l`<${J} phase="running"><${T} text=${e.action} /> ${n}<//>`}function Rn({view:e,link:t}){let n=(e.matching??0)-(e.rows?.length??0);return!n&&!e.is_partial?null:l`<div class="wb-toolbar">
    ${n?l`<button class="wb-button" onClick=${()=>t.ask("more")}>Show more</button>
      <span class="wb-muted">… ${P(n,"more actor")}</span>`:null}
    ${e.is_partial?l`<span class="wb-muted">There are more actors: type the start of a name to find others.</span>`:null}
  </div>`}var zn=e=>e.query?.search?`No actor matches “${y(e.query.search)}”.`:e.problem?"No actors to show.":"No actors yet. Define one in a cell that starts with %%actor.";var Bn={actor:Ct,form:Pt,system:jt};function qt({link:e}){Qn(e);let[t]=C(()=>new be(e.time.now)),{view:n}=e.frame,o=e.nowUs(),s=Bn[n?.panel];return l`<div class="wb" role="group" aria-label=${Wn(n)} data-lm-suppress-shortcuts="true" tabindex="-1" onKeyDown=${r=>mt(r,e)}>
    ${s?l`<${s} key=${`${n.panel}:${n.name??""}`} link=${e} nowUs=${o}>
          ${Vn(e,o).map(r=>l`<${ht} problem=${r} />`)}
        <//>`:l`<p class="wb-empty">Waiting for the first picture…</p>`}
    <div class="wb-hidden" role="status" aria-live="polite">${t.next(Ut(e.frame,e))}</div>
  </div>`}var Wn=e=>e?.name?`Actor ${y(e.name)}`:`Actor system ${y(e?.system??"")}`;function Vn(e,t){let{problem:n}=e.frame.view,o=e.unknown&&{kind:"missing",title:e.unknown};return[e.isStale()?Kn(e,t):n,o].filter(Boolean)}var Kn=(e,t)=>({kind:"stale",title:"No news from the kernel",text:`This is how it was at ${lt(t,Date.now()*1e3)}. If the kernel was restarted or the notebook reopened, run the cell again.`});function Qn(e){let[,t]=C(0),n=()=>t(s=>s+1),o=!!e.frame.view?.running&&!e.isStale()&&!Yn();j(()=>e.subscribe(n),[e]),j(()=>{let s=setInterval(()=>globalThis.document?.hidden||n(),o?100:1e3);return()=>clearInterval(s)},[o])}var Yn=()=>!!globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches;var Gn=300,Jn=6e3,Zn={seq:0,now:0,view:null},_e=class{constructor(t,n={}){this.model=t,this.time={now:()=>Date.now(),setTimeout:(o,s)=>setTimeout(o,s),clearTimeout:o=>clearTimeout(o),...n},this.frame=Zn,this.focus=new ue,this.queued=0,this.unknown="",this.pending=new Map,this.listeners=new Set,this.lastId=0,this.heardAt=this.time.now(),this.seenSince=this.heardAt,this.offsetUs=0,this.onFrame=()=>this.take(t.get("frame")),this.onMessage=o=>this.hear(o),t.on("change:frame",this.onFrame),t.on("msg:custom",this.onMessage),this.onFrame()}subscribe(t){return this.listeners.add(t),()=>this.listeners.delete(t)}close(){this.model.off("change:frame",this.onFrame),this.model.off("msg:custom",this.onMessage);for(let t of this.pending.values())this.time.clearTimeout(t);this.pending.clear(),this.listeners.clear()}nowUs(){return(this.isStale()?this.heardAt:this.time.now())*1e3+this.offsetUs}isStale(){return this.time.now()-Math.max(this.heardAt,this.seenSince)>Jn}see(t){this.seenSince=t?this.time.now():1/0}ask(t,n={}){let o=++this.lastId;this.unknown="",this.pending.set(o,this.time.setTimeout(()=>this.countQueued(),Gn)),this.send({id:o,type:t,data:n})}tell(t,n){this.send({id:0,type:t,data:n})}send(t){try{this.model.send(t)}catch{}}take(t){let n=Xn(t);!n||n.seq<this.frame.seq||(this.frame=n,this.alive(n.now))}hear(t){t?.type==="beat"&&this.alive(t.now),t?.type==="heard"&&this.acknowledged(t)}alive(t){this.heardAt=this.time.now(),this.offsetUs=t-this.heardAt*1e3,this.changed()}acknowledged({id:t,known:n}){this.pending.has(t)&&(this.time.clearTimeout(this.pending.get(t)),this.pending.delete(t),n||(this.unknown="Nothing is connected to this button here."),this.countQueued(this.queued>0))}countQueued(t=!0){this.queued=t?this.pending.size:0,this.changed()}changed(){for(let t of this.listeners)t()}};function Xn(e){try{let t=JSON.parse(e);return t&&typeof t.seq=="number"&&t.view?t:null}catch{return null}}var It=`
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
`;var eo=0;function Ft(e,t,{document:n=globalThis.document,window:o=globalThis}={}){let s=`${Date.now().toString(36)}-${++eo}`,r=!0,a="",i=b=>{b!==a&&t(a=b,s)},p=()=>i(r&&!n.hidden?"visible":"hidden"),d=new o.IntersectionObserver(b=>{r=b[b.length-1].isIntersecting,p()}),u=()=>i("hidden");return d.observe(e),n.addEventListener("visibilitychange",p),o.addEventListener("pagehide",u),()=>{d.disconnect(),n.removeEventListener("visibilitychange",p),o.removeEventListener("pagehide",u),i("gone")}}function to(e){if(!/^[0-9a-f]+$/.test(e??""))return"";let t=`[data-wb-picture="${e}"]`;return`${t}, .jp-OutputArea-child:has(${t}) { display: none; }`}var fr={render({model:e,el:t}){let n=new _e(e),o=t.ownerDocument.createElement("style"),s=t.ownerDocument.createElement("div");o.textContent=It+to(e.get("token")),t.append(o,s),ke(l`<${qt} link=${n} />`,s);let r=Ft(t,(a,i)=>{n.see(a==="visible"),n.tell("visible",{view:i,state:a})});return()=>{r(),n.close(),ke(null,s)}}};export{fr as default};
