/* made by `make js` from workbench/widgets/js, e9f557063f8a3fee1f77ff7b82a52aa6 */
var v,Ke,Yt,j,ge,re,Ge,se,Qe,xe,ve,Jt,Y=Symbol.for("pv"),ie={},le=[],Zt=/^m(i|n|o|s|text|space)$/,ye=Array.isArray,ke=le.slice,z=Object.assign;function R(e){e&&e.parentNode&&e.remove()}function Ye(e,t,n){var o,a,s,r={},l=arguments.length;for(s in t)s=="key"?o=t[s]:s=="ref"&&typeof e!="function"?a=t[s]:r[s]=t[s];return l>2&&(r.children=l>3?ke.call(arguments,2):n),Q(e,r,o,a,null)}function Q(e,t,n,o,a){var s={type:e,props:t,key:n,ref:o,__k:null,__:null,__b:0,__e:null,__c:null,constructor:Y,__v:a||++Ke,__i:-1,__u:0};return!a&&v.vnode&&v.vnode(s),s}function ce(e){return e.children}function K(e,t){this.props=e,this.context=t,this.__g=0}function H(e,t){if(t==null)return e.__&&H(e.__,e.__i+1);for(var n;t<e.__k.length;t++)if((n=e.__k[t])&&n.__e)return n.__e;return typeof e.type!="function"||e.props.__P?null:H(e)}function Xt(e){var t,n=e.__v,o=n.__e,a=[],s=[],r=e.__P;r&&((t=z({constructor:Y},n)).__v=n.__v+1,v.vnode&&v.vnode(t),Se(r,t,n,e.__n,r.namespaceURI,32&n.__u?[o]:null,a,o||H(n),32&n.__u,s),t.__v=n.__v,t.__.__k[t.__i]=t,nt(a,t,s),n.__=n.__e=null,t.__e!=o&&Je(t))}function Je(e){if((e=e.__)&&e.__c&&!e.props.__P)return e.__e=null,e.__k.some(function(t){return t&&(e.__e=t.__e)}),Je(e)}function We(e){(8&e.__g||(e.__g|=8,j.push(e),re++))&&ge==v.debounceRendering||((ge=v.debounceRendering)||queueMicrotask)(Ze)}function Ze(){try{for(var e,t=1;j.length;)j.length>t&&j.sort(Ge),e=j.shift(),t=j.length,8&e.__g&&Xt(e)}finally{(re=j.length)&&(ge||queueMicrotask)(Ze)}}function Xe(e,t,n,o,a,s,r,l,p,d,u){var b,f,c,m,_,h,x=o.__k||le,w=t.length;for(p=en(n,t,x,p,w),b=0;b<w;b++)(c=n.__k[b])!=null&&(f=~c.__i&&x[c.__i]||ie,c.__i=b,h=Se(e,c,f,a,s,r,l,p,d,u),m=c.__e,(f.ref!=c.ref||8&f.__u)&&(f.ref&&Te(f.ref,null,c,f),c.ref&&u.push(c.ref,c.__c||m,c)),_=_||m,4&c.__u?(p=et(c,p,e,!f.__v),f.__e&&(f.__e=null)):typeof c.type=="function"&&h!==void 0?p=h:m&&(p=m.nextSibling),c.__u&=-21);return n.__e=_,p}function en(e,t,n,o,a){var s,r,l,p,d,u,b,f,c,m=n.length,_=m,h=0,x=0,w=e.__k=Array(a);for(s=0;s<a;s++)(r=t[s])!=null&&typeof r!="boolean"&&typeof r!="function"?(typeof r!="object"||r.constructor===String?r=w[s]=Q(null,r):ye(r)?r=w[s]=Q(ce,{children:r}):r.constructor===Y&&r.__b?r=w[s]=Q(r.type,r.props,r.key,r.ref,r.__v):w[s]=r,p=s+h,r.__=e,r.__b=e.__b+1,l=null,~(d=r.__i=tn(r,n,p,_))&&(_--,(l=n[d])&&(l.__u|=2)),l&&l.__v?(r.__u|=16,d==p-1?h--:d==p+1?h++:d!=p&&(d>p?h--:h++,x=1)):(~d||(a>m?h--:a<m&&h++),typeof r.type!="function"&&(r.__u|=4))):w[s]=null;if(x){for(u=[],b=[],s=0;s<a;s++)if((r=w[s])&&16&r.__u){for(h=0,f=u.length;h<f;)u[c=h+f>>1]<r.__i?h=c+1:f=c;u[h]=r.__i,b[s]=h+1}for(h=u.length;s--;)b[s]&&(b[s]==h?h--:w[s].__u|=4)}if(_)for(s=0;s<m;s++)!(l=n[s])||2&l.__u||(l.__e==o&&(o=H(l)),Me(l,l));return o}function et(e,t,n,o){var a,s,r,l;if(typeof e.type=="function"){if(e.props.__P)return t;if(a=e.__k)for(s=0;s<a.length;s++)a[s]&&(a[s].__=e,t=et(a[s],t,n,!1));return t}for(t&&!t.parentNode&&(t=H(e))&&!t.parentNode&&(t=null),r=e.__e,l=t;l&&l.nodeType==8;)l=l.nextSibling;for(r!=l&&(!o&&n.moveBefore&&r.parentNode?n.moveBefore(r,t):n.insertBefore(r,t||null)),t=r;(t=t&&t.nextSibling)&&t.nodeType==8&&!t.data.startsWith("$s"););return t}function tn(e,t,n,o){var a,s=e.key,r=e.type,l=t[n],p=l&&!(2&l.__u);if(l===null&&s==null||p&&s==l.key&&r==l.type)return n;if(o>(p?1:0)){for(a=n-1;a>=0;a--)if((l=t[a])&&!(2&l.__u)&&s==l.key&&r==l.type)return a;for(a=n+1;a<t.length;a++)if((l=t[a])&&!(2&l.__u)&&s==l.key&&r==l.type)return a}return-1}function Ve(e,t,n){n==null&&(n=""),t[0]=="-"?e.setProperty(t,n):e[t]=n}function oe(e,t,n,o,a){var s,r;if(t=="style")if(typeof n=="string")e.style.cssText=n;else{if(typeof o=="string"&&(e.style.cssText=o=""),o)for(t in o)n&&t in n||Ve(e.style,t);if(n)for(t in n)o&&n[t]==o[t]||Ve(e.style,t,n[t])}else if(t[0]=="o"&&t[1]=="n")typeof n!="function"&&(n=null),typeof o!="function"&&(o=null),(e.__e||(e.__e={}))[t]=n,n&&o||(r=ve[t]||(ve[t]=nn(t)),(e.__a||(e.__a={}))[t]=xe,s=t!=(t=t.replace(Qe,"$1")),(t=t.slice(2))[0]<"a"&&(t=t.toLowerCase()),n?e.addEventListener(t,r,s):e.removeEventListener(t,r,s));else{if(a=="http://www.w3.org/2000/svg")t=t.replace(/xlink(H|:h)/,"h").replace(/sName$/,"s");else if(t!="width"&&t!="height"&&t!="href"&&t!="list"&&t!="form"&&t!="tabIndex"&&t!="download"&&t!="rowSpan"&&t!="colSpan"&&t!="role"&&t!="popover"&&t in e)try{return void(e[t]=n??"")}catch{}if(typeof n=="function")return;n==null||n===!1&&t[4]!="-"?e.removeAttribute(t):e.setAttribute(t,t=="popover"&&n==1?"":n)}}function nn(e){return function(t){var n=this.__e;if(n){if(n=n[e],t[se]==null)t[se]=xe++;else if(t[se]<this.__a[e])return;return n(v.event?v.event(t):t)}}}function Se(e,t,n,o,a,s,r,l,p,d){var u,b,f,c,m,_,h,x,w,M,y,$e,Re,ne,B,ze,I,O,L=t.type;if(t.constructor!==Y)return null;128&n.__u&&(p=32&n.__u,u=n.__c.__z)&&(t.__u|=p,b=s=[],u.nodeType==8?l=ae(u,s):s.push(u),l=s[0]||l),(u=v.__b)&&u(t);e:if(typeof L=="function"){f=r.length;try{if(x=t.props,w=(u=L.prototype)&&u.render,M=(u=L.contextType)&&o[u.__c],y=u?M?M.props.value:u.__:o,(c=n.__c)?(t.__c=c,2&c.__g&&(c.__g|=1)):(w?t.__c=c=new L(x,y):(t.__c=c=new K(x,y),c.constructor=L,c.render=sn),M&&M.sub(c),c.state||(c.state={}),c.__n=o,c.__g|=8,c.__h=[],c.__k=[]),w&&(c.__s||(c.__s=c.state),L.getDerivedStateFromProps&&(c.__s==c.state&&(c.__s=z({},c.__s)),z(c.__s,L.getDerivedStateFromProps(x,c.__s)))),m=c.props,_=c.state,c.__v=t,n.__c){if(x!==m&&w&&!L.getDerivedStateFromProps&&c.componentWillReceiveProps&&c.componentWillReceiveProps(x,y),t.__v==n.__v&&!(8&c.__g)||!(4&c.__g)&&c.shouldComponentUpdate&&c.shouldComponentUpdate(x,c.__s,y)===!1){t.__v!=n.__v&&(c.props=x,c.state=c.__s,c.__g&=-9),t.__e=n.__e,t.__k=n.__k,t.__k.some(function(P){P&&(P.__=t)}),le.push.apply(c.__h,c.__k),c.__k=[],c.__h.length&&r.push(c),l=H(n);break e}c.componentWillUpdate&&c.componentWillUpdate(x,c.__s,y),w&&c.componentDidUpdate&&c.__h.push(function(){c.componentDidUpdate(m,_,h)})}else w&&!L.getDerivedStateFromProps&&c.componentWillMount&&c.componentWillMount(),w&&c.componentDidMount&&c.__h.push(c.componentDidMount);c.context=y,c.props=x,c.__P=e,c.__g&=-5,$e=v.__r,Re=w?25:0;do c.__g&=-9,$e&&$e(t),u=c.render(c.props,c.state=c.__s,c.context);while(8&c.__g&&++Re<25);w&&(le.push.apply(c.__h,c.__k),c.__k=[]),c.state=c.__s,c.getChildContext&&(o=z({},o,c.getChildContext())),w&&n.__c&&c.getSnapshotBeforeUpdate&&(h=c.getSnapshotBeforeUpdate(m,_)),ne=u&&u.type===ce&&u.key==null?u.props.children:u,x.__P&&(u=l,a=(e=x.__P).namespaceURI,p=s=null,n.props&&n.props.__P!=e&&(n.__k.some(function(P){P&&Me(P,P)}),n.__k=null),l=n.__k?H(n,0):null),l=Xe(e,ye(ne)?ne:[ne],t,n,o,a,s,r,l,p,d),x.__P&&(t.__e=null,l=u),t.__u&=-161,b&&b.some(R),c.__h.length&&r.push(c),1&c.__g&&(c.__g&=-4)}catch(P){if(r.length=f,t.__v=null,p||s)if(P&&P.then){if(t.__u|=128|p,s){for(~(I=s.indexOf(l||void 0))||(I=s.length);(O=s[I-1])&&O.nodeType==8;)I--;for(;I<s.length;I++)if(O=s[I])if(s[I]=null,B){if(O==ze)break}else{if(O.nodeType!=8)break;O.data.startsWith("$s")&&(ze=ae(B=O))}}if(!B){for(;l&&l.nodeType==8&&l.nextSibling;)l=l.nextSibling;B=l}(u=ae(B=t.__c.__z||(t.__c.__z=B)))?(t.__e=B,l=u):t.__e=l,l=l&&l.nextSibling}else s&&s.some(R);else t.__e=n.__e;t.__k||(t.__k=n.__k||[]),P&&P.then||tt(t),v.__e(P,t,n)}}else l=t.__e=on(n.__e,t,n,o,a,s,r,p,d,e);return(u=v.diffed)&&u(t),l}function ae(e,t){if(e&&e.nodeType==8&&e.data.startsWith("$s"))for(var n=1;e=e.nextSibling;){if(e.nodeType==8){if(e.data.startsWith("$s"))n++;else if(e.data.startsWith("/$s")&&!--n)return e}t&&t.push(e)}}function tt(e){e&&(e.__c&&(e.__c.__g|=4),e.__k&&e.__k.some(tt))}function nt(e,t,n){for(var o=0;o<n.length;)Te(n[o++],n[o++],n[o++]);v.__c&&v.__c(t,e),e.some(function(a){try{e=a.__h,a.__h=[],e.some(function(s){s.call(a)})}catch(s){v.__e(s,a.__v)}})}function on(e,t,n,o,a,s,r,l,p,d){var u,b,f,c,m,_,h,x,w=n.props||ie,M=t.props,y=t.type;if(y=="svg"?a="http://www.w3.org/2000/svg":y=="math"?a="http://www.w3.org/1998/Math/MathML":a||(a="http://www.w3.org/1999/xhtml"),s){for(u=0;u<s.length;u++)if((m=s[u])&&(y?m.localName==y:m.nodeType==3)){e=m,s[u]=null;break}}if(!e){if(x=d.ownerDocument||document,!y)return x.createTextNode(M);e=x.createElementNS(a,y,M.is?M:d),l&&(v.__m&&v.__m(t,s),l=!1),s=null}if(y){if(d=y=="template"&&e.content||e,s=y=="textarea"&&M.defaultValue!=null?null:s&&ke.call(d.childNodes),!l&&s)for(w={},u=0;u<e.attributes.length;u++)w[(m=e.attributes[u]).name]=m.value;for(u in w)m=w[u],u=="dangerouslySetInnerHTML"?f=m:u=="children"||u in M||u=="value"&&"defaultValue"in M||u=="checked"&&"defaultChecked"in M||oe(e,u,null,m,a);for(u in M)m=M[u],u=="children"?c=m:u=="dangerouslySetInnerHTML"?b=m:u=="value"?_=m:u=="checked"?h=m:l&&typeof m!="function"||w[u]===m||oe(e,u,m,w[u],a);b?(l||f&&(b.__html==f.__html||b.__html==e.innerHTML)||(e.innerHTML=b.__html),t.__k=[]):(f&&(e.textContent=""),(y=="foreignObject"||a=="http://www.w3.org/1998/Math/MathML"&&Zt.test(y))&&(a="http://www.w3.org/1999/xhtml"),Xe(d,ye(c)?c:[c],t,n,o,a,s,r,s?s[0]:n.__k&&H(n,0),l,p),s&&s.some(R)),l&&y!="textarea"||(u="value",y=="progress"&&_==null?e.removeAttribute(u):_==null||_===e[u]&&(y!="progress"||_)||oe(e,u,_,w[u],a),u="checked",h!=null&&h!=e[u]&&oe(e,u,h,w[u],a))}else w===M||l&&e.data==M||(e.data=M);return e}function Te(e,t,n,o){try{typeof e=="function"?t?t.__x=e(t)||1:o&&(o=o.__c||o.__e)&&(t=o.__x)&&(o.__x=null,typeof t=="function"?t():e(null)):e.current=t}catch(a){v.__e(a,n)}}function Me(e,t,n){var o,a,s,r;if(v.unmount&&v.unmount(e),!(o=e.ref)||o.current&&o.current!=e.__e||Te(o,null,t,e),o=e.__c){if(o.componentWillUnmount)try{o.componentWillUnmount()}catch(l){v.__e(l,t)}o.__P=o.__n=null}if(o=e.__k)for(r=0;r<o.length;r++)o[r]&&Me(o[r],t,typeof e.type!="function"||n&&!e.props.__P);!n&&(o=e.__c)&&(o=o.__z)&&(a=ae(o,s=[]))&&(o==e.__e&&s.some(R),R(a),R(o)),n||R(e.__e),e.__e=e.__c=e.__=null}function sn(e,t,n){return this.constructor(e,n)}function Ce(e,t){var n,o,a,s;v.__&&v.__(e,t),t.nodeType==9&&(t=t.documentElement),o=(n=e&&32&e.__u)?null:t.__k,t.__k=Q(ce,{children:[e]}),a=[],s=[],Se(t,t.__k,o||ie,ie,t.namespaceURI,o?null:t.firstChild?ke.call(t.childNodes):null,a,o?o.__e:t.firstChild,n,s),nt(a,t.__k,s),t.__k.props.children=null}v={__e:function(e,t,n,o){for(var a,s,r;t=t.__;)if((a=t.__c)&&!(1&a.__g)){a.__g|=4;try{if((r=(s=a.constructor)&&s.getDerivedStateFromError)&&a.setState(s.getDerivedStateFromError(e)),a.componentDidCatch&&(a.componentDidCatch(e,o||{}),r=1),r&&8&a.__g)return void(a.__g|=2)}catch(l){e=l}}throw re=0,e}},Ke=0,Yt=function(e){return e!=null&&e.constructor===Y},K.prototype.setState=function(e,t){var n=this.__s;n&&n!=this.state||(n=this.__s=z({},this.state)),typeof e=="function"&&(e=e(z({},n),this.props)),e&&(z(n,e),this.__v&&(t&&this.__k.push(t),We(this)))},K.prototype.forceUpdate=function(e){this.__v&&(this.__g|=4,e&&this.__h.push(e),We(this))},K.prototype.render=ce,j=[],re=0,Ge=function(e,t){return e.__v.__b-t.__v.__b},se=Symbol(),Qe=/(PointerCapture)$|Capture$/i,xe=0,ve={},Jt=0;var Z,T,Ue,ot,Pe=Object.is,ue=0,dt=[],Ee=[],S=v,st=S.__b,at=S.__r,rt=S.diffed,it=S.__c,lt=S.unmount,ct=S.__;function De(e,t){S.__h&&S.__h(T,e,ue||t),ue=0;var n=T.__H||(T.__H={__:[],__h:[]});return e>=n.__.length&&n.__.push({}),n.__[e]}function U(e){return ue=1,an(ft,e)}function an(e,t,n){var o=De(Z++,2);if(o.t=e,!o.__c&&(o.__=[n?n(t):ft(void 0,t),function(s){var r=(o.__N||o.__)[0],l=o.t(r,s);Pe(r,l)||(o.__N=[l,o.__[1]],o.__c.setState({}))}],o.__c=T,!T.__f)){T.__f=!0;var a=T.shouldComponentUpdate;T.shouldComponentUpdate=function(s,r,l){var p=this.__H;if(!p)return!0;var d=!1,u=this.props!=s;if(p.__.some(function(f){f.__N&&(d=!0,Pe(f.__[0],f.__N[0])||(u=!0))}),a){var b=a.call(this,s,r,l);return d?b||u:b}return!d||u}}return o.__}function q(e,t){var n=De(Z++,3);!S.__s&&bt(n.__H,t)&&(n.__P=!0,n.__=e,n.u=t,T.__H.__h.push(n))}function N(e){return ue=5,rn(function(){return{current:e}},[])}function rn(e,t){var n=De(Z++,7);return bt(n.__H,t)&&(n.__=e(),n.__H=t),n.__}function ln(){var e;do{for(;e=Ee.shift();)try{J(e)}catch(n){S.__e(n,{__:(e=e.__P)&&e.__v})}for(;e=dt.shift();){var t=e.__H;if(e.__P&&t)try{t.__h.some(J),t.__h.some(Ae),t.__h=[]}catch(n){t.__h=[],S.__e(n,e.__v)}}}while(Ee.length)}S.__b=function(e){T=null,st&&st(e)},S.__=function(e,t){e&&t.__k&&t.__k.__m&&(e.__m=t.__k.__m),ct&&ct(e,t)},S.__r=function(e){at&&at(e),Z=0;var t=(T=e.__c).__H;t&&(Ue==T?T.__h=[]:(t.__h.some(J),t.__h.some(Ae),Z=0),t.__h=[],t.__.some(function(n){n.__N&&(n.__=n.__N),n.u=n.__N=void 0})),Ue=T},S.diffed=function(e){rt&&rt(e);var t=e.__c;t&&t.__H&&(t.__H.__h.length&&pt(dt.push(t)),t.__H.__.some(function(n){n.u&&(n.__H=n.u)})),Ue=T=null},S.__c=function(e,t){t.some(function(n){try{n.__h.some(J),n.__h=n.__h.filter(function(o){return!o.__||Ae(o)})}catch(o){n.__h=[function(){throw o}]}}),it&&it(e,t)},S.unmount=function(e){lt&&lt(e);var t,n,o=e.__c;o&&o.__H&&(o.__H.__.some(function(a){try{if(a.__P&&a.__c){if(n===void 0){for(n=e.__;n&&(!n.__c||!n.__c.__P);)n=n.__;n=n&&n.__c}a.__P=n,pt(Ee.push(a))}else J(a)}catch(s){t=s}}),o.__H=void 0,t&&S.__e(t,o.__v))};var ut=typeof requestAnimationFrame=="function";function cn(e){var t,n=function(){clearTimeout(o),ut&&cancelAnimationFrame(t),setTimeout(e)},o=setTimeout(n,35);ut&&(t=requestAnimationFrame(n))}function pt(e){e!=1&&ot==S.requestAnimationFrame||((ot=S.requestAnimationFrame)||cn)(ln)}function J(e){var t=T,n=e.__c;typeof n=="function"&&(e.__c=void 0,n()),T=t}function Ae(e){var t=T;e.__c=e.__(),T=t}function bt(e,t){return!e||e.length!=t.length||t.some(function(n,o){return!Pe(n,e[o])})}function ft(e,t){return typeof t=="function"?t(e):t}var $=e=>String(Math.trunc(e)).replace(/\B(?=(\d{3})+$)/g,","),k=(e,t,n=`${t}s`)=>`${$(e)} ${e===1?t:n}`,Le=e=>String(Number(e.toPrecision(3)));function D(e){if(e<1e3)return`${Math.max(0,Math.trunc(e))} µs`;if(e<999950)return`${Le(e/1e3)} ms`;let t=e/1e6;if(t<59.95)return`${t.toFixed(1)} s`;let n=Math.round(t);return n>=86400?`${Math.floor(n/86400)} d ${Math.floor(n%86400/3600)} h`:n>=3600?`${Math.floor(n/3600)} h ${Math.floor(n%3600/60)} min`:`${Math.floor(n/60)} min ${n%60} s`}function Ne(e){if(e<1e3)return`${e} B`;let t=e/1e3;for(let n of["kB","MB"]){if(t<999.5)return`${Le(t)} ${n}`;t/=1e3}return t<999.5?`${Le(t)} GB`:`${$(Math.round(t))} GB`}var W=e=>e?`${e<10?e.toFixed(1):$(Math.round(e))}/s`:"",E=e=>e<5995e4?`${(Math.max(0,e)/1e6).toFixed(1)} s`:D(e);function V(e,t){if(!e)return"";let n=Math.max(0,Math.floor((t-e)/1e6));return n<1?"just now":n>=86400?`${Math.floor(n/86400)} d ago`:n>=3600?`${Math.floor(n/3600)} h ago`:n>=60?`${Math.floor(n/60)} min ago`:`${n} s ago`}function mt(e,t){let n=new Date(e/1e3),o=n.toLocaleTimeString();return n.toDateString()===new Date(t/1e3).toDateString()?o:`${n.toLocaleDateString()} ${o}`}var un=/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]/gu,g=e=>e.replace(un,t=>`\\u${t.codePointAt(0).toString(16).padStart(4,"0")}`);var ht=function(e,t,n,o){var a;t[0]=0;for(var s=1;s<t.length;s++){var r=t[s++],l=t[s]?(t[0]|=r?1:2,n[t[s++]]):t[++s];r===3?o[0]=l:r===4?o[1]=Object.assign(o[1]||{},l):r===5?(o[1]=o[1]||{})[t[++s]]=l:r===6?o[1][t[++s]]+=l+"":r?(a=e.apply(l,ht(e,l,n,["",null])),o.push(a),l[0]?t[0]|=2:(t[s-2]=0,t[s]=a)):o.push(l)}return o},_t=new Map;function wt(e){var t=_t.get(this);return t||(t=new Map,_t.set(this,t)),(t=ht(this,t.get(e)||(t.set(e,t=(function(n){for(var o,a,s=1,r="",l="",p=[0],d=function(f){s===1&&(f||(r=r.replace(/^\s*\n\s*|\s*\n\s*$/g,"")))?p.push(0,f,r):s===3&&(f||r)?(p.push(3,f,r),s=2):s===2&&r==="..."&&f?p.push(4,f,0):s===2&&r&&!f?p.push(5,0,!0,r):s>=5&&((r||!f&&s===5)&&(p.push(s,0,r,a),s=6),f&&(p.push(s,f,0,a),s=6)),r=""},u=0;u<n.length;u++){u&&(s===1&&d(),d(u));for(var b=0;b<n[u].length;b++)o=n[u][b],s===1?o==="<"?(d(),p=[p],s=3):r+=o:s===4?r==="--"&&o===">"?(s=1,r=""):r=o+r[0]:l?o===l?l="":r+=o:o==='"'||o==="'"?l=o:o===">"?(d(),s=1):s&&(o==="="?(s=5,a=r,r=""):o==="/"&&(s<5||n[u][b+1]===">")?(d(),s===3&&(p=p[0]),s=p,(p=p[0]).push(2,0,s),s=0):o===" "||o==="	"||o===`
`||o==="\r"?(d(),s=2):r+=o),s===3&&r==="!--"&&(s=4,p=p[0])}return d(),p})(e)),t),arguments,[])).length>1?t:t[0]}var i=wt.bind(Ye);var $t={ok:"M3 8.5l3.2 3.2L13 4.8",raised:"M4 4l8 8M12 4l-8 8",abandoned:"M8 4.5V8l2.4 1.6M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z",refused:"M3.8 3.8l8.4 8.4M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z",rejected:"M6.5 3.5L3 7l3.5 3.5M3 7h7a3 3 0 0 1 0 6H8",failed:"M8 6v3.4M8 11.6v.4M8 2l6.5 11.5h-13z"},gt=({name:e})=>i`<svg class="wb-icon" viewBox="0 0 16 16" width="13" height="13" aria-hidden="true">
  <path d=${$t[e]??$t.failed} />
</svg>`;var pn={ArrowDown:1,ArrowUp:-1,Home:-1/0,End:1/0};function de(e,t){let n=pn[e.key];if(n===void 0||!t)return;let o=[...t.querySelectorAll("button")],a=o.indexOf(e.target.closest("button"));if(a<0)return;e.preventDefault();let s=o[Math.min(o.length-1,Math.max(0,a+n))];for(let r of o)r.tabIndex=r===s?0:-1;s.focus()}var pe=class{constructor(){this.wanted=""}take(t){return n=>{!n||this.wanted!==t||(this.wanted="",n.focus({preventScroll:!0}))}}};function be(e,t){e.focus.wanted="back",e.ask("open",{actor:t})}function Ie(e){e.focus.wanted=`actor:${e.frame.view.name}`,e.ask("back")}function vt(e,t){e.key==="Escape"&&(e.stopPropagation(),t.frame.view?.back?Ie(t):e.target.blur?.())}var C=({text:e})=>i`<span class="wb-name" title=${g(e)}>${g(e)}</span>`,dn={running:"busy",ready:"good",loading:"busy",stopping:"warn",held:"warn",suspended:"warn",passive:"idle",template:"idle"},X=({phase:e,children:t})=>i`<span class="wb-phase wb-tone-${dn[e]??"idle"}"><i class="wb-dot" />${t??e}</span>`;function xt({problem:e}){let t=e.kind==="missing"?"info":"bad";return i`<div class="wb-banner wb-tone-${t}">
    <strong>${e.title}</strong>
    ${(e.text??"").split(`
`).map(n=>i`<div>${n}</div>`)}
  </div>`}function F({link:e}){let t=e.frame.view?.problem?.kind;return e.isStale()?i`<span class="wb-live wb-tone-bad"><i class="wb-dot" />no news</span>`:t==="stopped"?i`<span class="wb-live wb-tone-idle"><i class="wb-dot" />stopped</span>`:e.queued?i`<span class="wb-live wb-tone-warn"><i class="wb-dot" />queued until the cell ends</span>`:i`<span class="wb-live wb-tone-good"><i class="wb-dot wb-pulse" />live</span>`}function ee({code:e}){let[t,n]=U(!1);return i`<button class="wb-command" title="Copy" aria-label="Copy ${e}" onClick=${async()=>{try{await globalThis.navigator.clipboard.writeText(e),n(!0),setTimeout(()=>n(!1),1200)}catch{n(!1)}}}>${t?"copied":e}</button>`}var fe=({link:e,shown:t})=>i`<span class="wb-tabs" role="group" aria-label="Show">
  ${["actors","topology"].map(n=>i`<button class="wb-tab" aria-pressed=${n===t?"true":"false"}
    ref=${e.focus.take(`tab:${n}`)} onClick=${()=>bn(e,n)}>${n==="actors"?"Actors":"Topology"}</button>`)}
</span>`;function bn(e,t){e.focus.wanted=`tab:${t}`,e.ask("show",{what:t})}var A=({title:e,note:t,children:n,grow:o})=>i`<section class="wb-section ${o?"wb-grow":""}">
  <h4><span class="wb-title">${e}</span>${t?i`<span class="wb-note">${t}</span>`:null}</h4>
  ${n}
</section>`;var G=e=>t=>Object.fromEntries(e.map((n,o)=>[n,t[o]])),me=G(["sequence","action","outcome","detail","tookUs","waitedUs","revision","changed","finishedUs","caller","invocation"]),yt=G(["name","parent","kind","phase","revision","waiting","turns","failures","lastTurnUs","oldestUs","action","actionSinceUs","deployed"]),kt=G(["name","members","x","y","calls","failures"]),St=G(["source","target","path","head","calls","failures","meanUs","slowestUs","rate"]),Tt=G(["action","caller","enqueuedUs"]),Mt=G(["atUs","action","mark","text"]);var Ct=60,je=3,te=24,fn=4;function mn(e,t){let n=e?.values??[],o=Math.max(fn,...n.map(r=>r??0)),a=Math.max(0,Math.floor(t/1e6)-(e?.until_s??0)),s=Ct-n.length-a;return n.map((r,l)=>[s+l,r?Math.max(1,r/o*te):0]).filter(([r,l])=>r>=0&&l)}function _e({series:e,nowUs:t,label:n}){let o=Ct*je;return i`<svg class="wb-spark" role="img" aria-label=${n} viewBox="0 0 ${o} ${te+1}"
      width=${o} height=${te+1}>
    <path class="wb-spark-bars" d=${mn(e,t).map(_n).join("")} />
    <rect class="wb-spark-base" y=${te} width=${o} height="1" />
  </svg>`}var _n=([e,t])=>`M${e*je} ${te}v${-t.toFixed(1)}h${je-1}v${t.toFixed(1)}z`;var hn=6,wn=56,He={map:["entry","entries"],list:["item"]},qe=e=>e.kind==="map"||e.kind==="list";function Ut({node:e}){return qe(e)?i`<div class="wb-tree"><${Pt} node=${e} depth=${0} /></div>`:i`<div class="wb-tree"><${At} node=${e} /></div>`}function Pt({node:e,depth:t}){let n=e.items??[];return i`<ul class="wb-items">
    ${n.map(([o,a])=>i`<${$n} key=${o} name=${o} node=${a} depth=${t} />`)}
    ${e.more?i`<li class="wb-more">… ${k(e.more,`more ${He[e.kind][0]}`,He[e.kind][1]&&`more ${He[e.kind][1]}`)}</li>`:null}
    ${!n.length&&!e.more?i`<li class="wb-more">empty</li>`:null}
  </ul>`}function $n({name:e,node:t,depth:n}){let o=qe(t)&&t.items?.length>0,a=o?vn(t):"",[s,r]=U(o&&!a&&n<1&&t.items.length<=hn),l=i`<span class="wb-key">${e}</span>`;return i`<li class="wb-item ${gn(t,s)?"wb-changed":""}">
    <div class="wb-line">
      ${o?i`<button class="wb-toggle" aria-expanded=${s} onClick=${()=>r(!s)}>${l}</button>`:i`<span class="wb-toggle wb-toggle-none">${l}</span>`}
      <span class="wb-shown"><${At} node=${t} short=${s?"":a} /></span>
    </div>
    ${s?i`<${Pt} node=${t} depth=${n+1} />`:null}
  </li>`}var gn=(e,t)=>!!e.change||!t&&Et(e),Et=e=>(e.items??[]).some(([,t])=>t.change||Et(t));function vn(e){let t=e.items??[];if(e.more||t.some(([,a])=>a.items?.length||a.more))return"";let n=e.kind==="map",o=t.map(([a,s])=>n?`${a}: ${s.text}`:s.text).join(", ");return o.length>wn?"":n?`{${o}}`:`[${o}]`}function At({node:e,short:t=""}){let n=t||e.text,o=Fe(n),a=e.more&&!qe(e)&&e.kind!=="bytes";return i`<span class="wb-value wb-${t?"short":e.kind}" ref=${o}>${n}</span>
    ${a?i`<span class="wb-more"> … ${$(e.more)} more characters</span>`:null}
    ${e.was?i` <span class="wb-was">was ${e.was}</span>`:null}
    ${e.change==="new"?i` <span class="wb-was">new</span>`:null}`}function Fe(e){let t=N(null),n=N(e);return q(()=>{n.current!==e&&!globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches&&t.current?.animate?.([{backgroundColor:"var(--wb-flash)"},{backgroundColor:"transparent"}],900),n.current=e},[e]),t}function Lt({link:e,nowUs:t,children:n}){let{view:o}=e.frame;return i`<div class="wb-panel">
    <${xn} view=${o} link=${e} />
    ${n}
    ${o.phase?i`<${kn} view=${o} nowUs=${t} />`:null}
    <${Nn} view=${o} />
  </div>`}function xn({view:e,link:t}){return i`<div class="wb-header">
    ${e.back?i`<button class="wb-button" ref=${t.focus.take("back")} onClick=${()=>Ie(t)} title="Esc">‹ All actors</button>`:null}
    <h3><${C} text=${e.name} /></h3>
    ${e.phase?i`<${X} phase=${e.phase} />`:null}
    ${e.phase?i`<${yn} view=${e} />`:null}
    <span class="wb-space" />
    <${F} link=${t} />
  </div>`}function yn({view:e}){let t=Fe(e.revision);return i`<span class="wb-facts">
    <span>${e.kind}${e.parent?i` of <${C} text=${e.parent} />`:null}</span>
    <span>revision <b ref=${t} data-wb="revision">${$(e.revision??0)}</b></span>
    ${e.definition?i`<span>definition <code>${e.definition}</code></span>`:null}
    ${e.deployed===!1?i`<span class="wb-tone-warn">code not loaded</span>`:null}
  </span>`}function kn({view:e,nowUs:t}){return i`<div class="wb-body">
      <${A} title="State" grow><${Sn} view=${e} /><//>
      <div class="wb-side">
        <${Tn} box=${e.mailbox??{}} nowUs=${t} />
        <${Cn} running=${e.running} nowUs=${t} />
        <${Un} stored=${e.stored} nowUs=${t} />
      </div>
    </div>
    <${Pn} view=${e} nowUs=${t} />
    <${En} rows=${(e.log??[]).map(Mt)} nowUs=${t} />`}function Sn({view:e}){return e.state?i`<${Ut} node=${e.state} />`:i`<p class="wb-empty">${e.phase==="template"?"A template has no state; its children have.":"No state yet."}</p>`}function Tn({box:e,nowUs:t}){let n=e.waiting??0,o=(e.head??[]).map(Tt),a=n&&e.oldest_us?`oldest ${E(t-e.oldest_us)}`:"";return i`<${A} title="Mailbox" note=${a}>
    <div class="wb-depth">
      <span><b class="wb-big" data-wb="depth">${$(n)}</b> waiting</span>
      <${_e} series=${e.depths} nowUs=${t} label="Mailbox depth in the last minute, now ${n}" />
    </div>
    ${o.length?i`<ol class="wb-queue">${o.map(s=>i`<${Mn} w=${s} nowUs=${t} />`)}
      ${n>o.length?i`<li class="wb-more">… ${$(n-o.length)} more</li>`:null}</ol>`:null}
  <//>`}var Mn=({w:e,nowUs:t})=>i`<li>
  <${C} text=${e.action} />
  <span class="wb-muted">${e.caller?`from ${g(e.caller)} `:""}${E(t-e.enqueuedUs)}</span>
</li>`;function Cn({running:e,nowUs:t}){return e?i`<${A} title="Running">
    <div class="wb-running"><i class="wb-dot wb-pulse" /><${C} text=${e.action} />
      <b data-wb="elapsed">${e.since_us?E(t-e.since_us):""}</b>
      ${e.caller?i`<span class="wb-muted">called by ${g(e.caller)}</span>`:null}
    </div>
  <//>`:null}function Un({stored:e,nowUs:t}){if(!e)return null;let{ahead:n=0,revision:o=0,changes:a=[]}=e;return i`<${A} title="Snapshot" note=${e.durability?`durability ${e.durability}`:""}>
    <div class="wb-stored ${n?"wb-tone-warn":"wb-tone-good"}" data-wb="stored"><i class="wb-dot" />
      <span>${e.written_us?i`revision <b>${$(o)}</b>, ${Ne(e.size_bytes??0)}, written ${V(e.written_us,t)}`:"nothing is stored yet"}</span></div>
    ${n?i`<div data-wb="ahead">memory is <b>${k(n,"revision")}</b> ahead, ${Ne(e.memory_bytes??0)}: a kill now ${e.written_us?`goes back to revision ${$(o)}`:"leaves nothing of it"}</div>`:null}
    ${a.length?i`<ul class="wb-changes">${a.map(s=>i`<li class="wb-value">${g(s)}</li>`)}</ul>`:null}
    ${e.due_us?i`<div class="wb-muted" data-wb="due">next snapshot in ${E(e.due_us-t)}</div>`:null}
    ${e.leaves_us?i`<div class="wb-muted" data-wb="leaves">leaves memory in ${D(Math.max(0,e.leaves_us-t))} unless it is called</div>`:null}
    ${e.status==="DEACTIVATED"?i`<div class="wb-muted">written when it left memory</div>`:null}
  <//>`}function Pn({view:e,nowUs:t}){let n=(e.recent??[]).map(me),o=e.rate?` · ${W(e.rate)}`:"",a=e.failures?i` · <span class="wb-tone-bad">${k(e.failures,"failure")}</span>`:null,s=i`${k(e.turns??0,"turn")} since the system started${o}${a}`;return i`<${A} title="Last turns" note=${s}>
    ${n.length?i`<${Be} rows=${n} nowUs=${t} />`:i`<p class="wb-empty">${An(e)}</p>`}
  <//>`}function En({rows:e,nowUs:t}){return e.length?i`<${A} title="Log">
    <div class="wb-log" role="log" aria-live="off">${e.map(n=>i`<div class="wb-said">
      <span class="wb-muted">${V(n.atUs,t)}</span><${C} text=${n.action} />
      <span class="wb-value ${n.mark&&n.mark!=="debug"?"wb-tone-bad":""}">${n.mark?`${n.mark}: `:""}${g(n.text)}</span>
    </div>`)}</div>
  <//>`:null}var An=e=>e.turns||e.revision?"None of its turns is among the last of the system; its history has them.":"No turns yet.",Be=({rows:e,nowUs:t})=>i`<div class="wb-scroll" role="region" aria-label="Last turns" tabindex="0"><table class="wb-table wb-turns" aria-label="Last turns, the newest first">
  <thead><tr>
    <th scope="col" class="wb-num wb-optional">turn</th><th scope="col">action</th><th scope="col">outcome</th>
    <th scope="col" class="wb-num">took</th><th scope="col" class="wb-num wb-optional">waited</th>
    <th scope="col" class="wb-num">revision</th><th scope="col" class="wb-num wb-optional">when</th>
  </tr></thead>
  <tbody>${e.map(n=>i`<${Dn} key=${n.sequence} row=${n} nowUs=${t} />`)}</tbody>
</table></div>`,Dn=({row:e,nowUs:t})=>i`<tr>
  <td class="wb-num wb-muted wb-optional">${e.sequence?$(e.sequence):"–"}</td>
  <td><${C} text=${e.action} />${e.caller?i`<span class="wb-muted"> from ${g(e.caller)}</span>`:null}</td>
  <td><${Ln} row=${e} /></td>
  <td class="wb-num">${D(e.tookUs)}</td>
  <td class="wb-num wb-muted wb-optional">${D(e.waitedUs)}</td>
  <td class="wb-num ${e.changed?"":"wb-muted"}">${e.changed?"→ ":""}${$(e.revision)}</td>
  <td class="wb-num wb-muted wb-optional">${V(e.finishedUs,t)}</td>
</tr>`,Dt={ok:["good","succeeded"],raised:["bad","the action raised; the state is as it was"],abandoned:["warn","given up before it ended; the state is as it was"],refused:["bad","its result could not be kept; the state is as it was"],rejected:["warn","never ran: the call did not fit"],failed:["bad","the system could not run it"],defect:["bad","a defect of the workbench"]};function Ln({row:e}){let[t,n]=Dt[e.outcome]??Dt.failed;return i`<span class="wb-outcome wb-tone-${t}" title=${n}><${gt} name=${e.outcome} />${e.outcome}</span>
    ${e.detail?i`<span class="wb-detail" title=${e.detail}>${e.detail}</span>`:null}`}function Nn({view:e}){let{dropped:t=0,merged:n=0}=e.counters??{};return e.commands?.length?i`<div class="wb-footer">
    ${(e.commands??[]).map(o=>i`<${ee} code=${o} />`)}
    <span class="wb-space" />
    ${(e.absent??[]).map(o=>i`<span>${o}</span>`)}
    ${n?i`<span title="More turns were made than pictures are drawn">${k(n,"turn")} passed between updates</span>`:null}
    ${t?i`<span class="wb-tone-warn" title="More happened than could be read">${k(t,"event")} dropped</span>`:null}
  </div>`:null}function Nt(e,t){let{view:n}=e;return n?t.isStale()?"No news from the kernel.":t.queued?"Waiting for the running cell to end.":t.unknown?t.unknown:n.problem?n.problem.title:n.panel==="actor"&&n.failures?`${n.name}: ${n.failures} failures`:"":""}var he=class{constructor(t=()=>Date.now()){this.now=t,this.said="",this.saidAt=-1/0}next(t){return t!==this.said&&this.now()-this.saidAt>=5e3&&(this.said=t,this.saidAt=this.now()),this.said}};function It({link:e,nowUs:t,children:n}){let{view:o}=e.frame;return i`<div class="wb-panel">
    <div class="wb-header">
      <h3><${C} text=${o.name} /></h3>
      <${In} view=${o} link=${e} />
      <span class="wb-space" />
      <${F} link=${e} />
    </div>
    ${n}
    <${jn} key=${o.action} view=${o} link=${e} nowUs=${t} />
    <${Fn} calls=${o.calls??[]} held=${o.held} />
  </div>`}function In({view:e,link:t}){let n=o=>t.ask("choose",{action:o.target.value});return i`<label class="wb-facts wb-choice">action
    <select class="wb-input" value=${e.action} onChange=${n}>
      ${(e.actions??[]).map(o=>i`<option key=${o} value=${o} selected=${o===e.action}>${g(o)}</option>`)}
    </select>
  </label>`}function jn({view:e,link:t,nowUs:n}){let[o,a]=U({}),s=e.fields??[],r=(d,u)=>a({...o,[d]:u}),l=d=>{d.key!=="Enter"||d.isComposing||d.target.localName!=="input"||(d.stopPropagation(),p(d))},p=d=>{if(d.preventDefault(),e.running)return;let u={};for(let b of s){let f=o[b.name]??(b.is_flag?b.default==="True":"");u[`field ${b.name}`]=f}t.ask("call",u)};return i`<form class="wb-form" onSubmit=${p} onKeyDown=${l} aria-label="Message for ${g(e.name)}.${g(e.action??"")}">
    ${s.map(d=>i`<${Hn} key=${d.name} field=${d} value=${o[d.name]} put=${r} />`)}
    ${s.length?null:i`<p class="wb-muted">This action has no parameters.</p>`}
    ${e.held?i`<p class="wb-tone-warn" role="status">${g(e.held)}</p>`:null}
    ${e.limit?i`<p class="wb-muted">A call that takes longer than ${e.limit} is ended.</p>`:null}
    <div class="wb-submit">
      <button class="wb-button" type="submit" disabled=${!!e.running}>Invoke</button>
      ${e.running?i`<span class="wb-running"><i class="wb-dot wb-pulse wb-tone-busy" />${e.held?"waiting":"running"} ${E(n-e.running.since_us)}</span>`:null}
      ${e.rejected?i`<span class="wb-tone-bad" role="alert">${e.rejected}</span>`:null}
    </div>
  </form>`}function Hn({field:e,value:t,put:n}){let o=e.type||"any value",a=i`<input type="checkbox" checked=${t??e.default==="True"}
    onInput=${r=>n(e.name,!!r.target.checked)} />`,s=i`<input class="wb-input" type=${e.is_secret?"password":"text"} spellcheck=${!1} autocomplete=${e.is_secret?"new-password":"off"} value=${t??""} aria-required=${e.required?"true":"false"}
    placeholder=${e.required?o:`${o}, else ${e.default}`} onInput=${r=>n(e.name,r.target.value)} />`;return i`<label class="wb-field"><span><${C} text=${e.name} />${e.required?i`<span aria-hidden="true"> *</span>`:null}</span>
    ${e.is_flag?a:e.choices?.length?i`<${qn} field=${e} value=${t} put=${n} />`:s}</label>`}function qn({field:e,value:t,put:n}){let o=e.required?"choose one":`default: ${e.default}`;return i`<select class="wb-input" aria-required=${e.required?"true":"false"} onChange=${a=>n(e.name,a.target.value)}>
    <option value="" selected=${!t}>${o}</option>
    ${e.choices.map(a=>i`<option key=${a} value=${a} selected=${a===t}>${g(a)}</option>`)}
  </select>`}function Fn({calls:e,held:t}){return e.length?i`<${A} title="Calls" note="a click copies the code">
    <ol class="wb-calls">${e.map(n=>i`<li key=${n.number}>
      <${ee} code=${n.code} />${n.magic?i` <${ee} code=${n.magic} />`:null}
      <div class="wb-tone-${{ok:"good",failed:"bad"}[n.outcome]??"busy"}">${Bn(n,t)}</div>
    </li>`)}</ol>
  <//>`:null}function Bn(e,t){return(e.outcome??"running")==="running"?t?"… waiting":"… running":`${e.outcome==="ok"?"→":"✗"} ${e.answer??""} · ${D(e.took_us??0)}`}var Bt=[["name","actor"],["kind","kind"],["phase","phase"],["revision","revision",!0],["waiting","waiting",!0],["turns","turns",!0,"since the system started"],["failures","failures",!0,"since the system started"],["last","last turn",!0]];function Ot({link:e,nowUs:t,children:n}){let{view:o}=e.frame;return i`<div class="wb-panel">
    <div class="wb-header">
      <h3><${C} text=${o.system} /></h3>
      <${fe} link=${e} shown="actors" />
      <${On} view=${o} />
      <span class="wb-space" />
      <${_e} series=${o.rates} nowUs=${t} label="Turns a second in the last minute" />
      <${F} link=${e} />
    </div>
    ${n}
    <${Rn} view=${o} link=${e} />
    <${zn} view=${o} link=${e} nowUs=${t} />
  </div>`}function On({view:e}){return e.told?i`<span class="wb-facts"><span>It tells ${g(e.told)}.</span></span>`:i`<span class="wb-facts">
    <span title="In memory; others are in the store until a message wakes them"><b>${$(e.actors??0)}</b> active</span>
    <span><b data-wb="waiting">${$(e.waiting??0)}</b> waiting</span>
    <span><b data-wb="turns">${$(e.turns??0)}</b> turns${e.rate?` · ${W(e.rate)}`:""}</span>
    ${e.unwritten?i`<span title="Answered, and written with the next group">${$(e.unwritten)} not on disk yet</span>`:null}
  </span>`}function Rn({view:e,link:t}){let[n,o]=U(e.query?.search??""),a=N(0),s=(p,d)=>{o(p),clearTimeout(a.current),a.current=setTimeout(()=>t.ask("search",{text:p}),d)};q(()=>()=>clearTimeout(a.current),[]);let r=p=>{p.key!=="Escape"||!n||(p.stopPropagation(),s("",0))},l=e.rows?.length??0;return i`<div class="wb-toolbar">
    <input class="wb-search" type="search" placeholder="Search actors" aria-label="Search actors by name, template, kind or phase"
      value=${n} onInput=${p=>s(p.target.value,150)} onKeyDown=${r} />
    <span class="wb-muted">${l<(e.matching??0)||e.query?.search?`${$(l)} of ${$(e.matching??0)}`:k(l,"actor")}</span>
    ${e.counters?.dropped?i`<span class="wb-space" /><span class="wb-muted">${k(e.counters.dropped,"event")} dropped</span>`:null}
  </div>`}function zn({view:e,link:t,nowUs:n}){let o=N(null),[a,s]=U(null),r=N(null),[l,p]=Qn(r),d=Wn((e.rows??[]).map(yt),a);if(!d.length)return i`<p class="wb-empty">${Xn(e)}</p>`;let{from:u,to:b,above:f,below:c}=Gn(d.length,l),m=_=>{if(!(_.key==="Home"&&u>0||_.key==="End"&&b<d.length))return de(_,o.current);_.preventDefault(),t.focus.wanted=`actor:${d.at(_.key==="Home"?0:-1).name}`,r.current.scrollTop=_.key==="Home"?0:r.current.scrollHeight};return i`<div class="wb-scroll wb-tall" ref=${r} onScroll=${p}>
      <table class="wb-table wb-actors" aria-rowcount=${d.length+1} aria-label="Actors of ${g(e.system)}">
        <thead><tr>${Bt.map(_=>i`<${Vn} column=${_} query=${e.query??{}} link=${t} />`)}</tr></thead>
        <tbody ref=${o} onKeyDown=${m}
          onMouseEnter=${()=>s(d.map(_=>_.name))} onMouseLeave=${()=>s(null)}>
          <${Ht} height=${f} />
          ${d.slice(u,b).map((_,h)=>i`<${Oe} key=${_.name} row=${_} index=${u+h} isFirst=${h===0} link=${t} nowUs=${n} />`)}
          <${Ht} height=${c} />
        </tbody>
      </table>
    </div>
    <${Zn} view=${e} link=${t} />`}function Wn(e,t){if(!t)return e;let n=new Map(t.map((o,a)=>[o,a]));return[...e].sort((o,a)=>(n.get(o.name)??1/0)-(n.get(a.name)??1/0)||0)}function Vn({column:[e,t,n,o],query:a,link:s}){let r=(a.sort??"name")===e,l=a.descending?"descending":"ascending";return i`<th scope="col" class=${n?"wb-num":""} aria-sort=${r?l:"none"}>
    <button class="wb-sort" title=${o} onClick=${()=>s.ask("sort",{by:e})}>
      ${t}<span aria-hidden="true" class="wb-arrow">${r?a.descending?"▾":"▴":""}</span>
    </button>
  </th>`}var Kn=200,jt=30;function Gn(e,{top:t,height:n,rowHeight:o}){if(e<=Kn||!o)return{from:0,to:e,above:0,below:0};let a=Math.max(0,Math.min(e,Math.floor(t/o))-jt),s=Math.min(e,Math.ceil((t+n)/o)+jt);return{from:a,to:s,above:a*o,below:(e-s)*o}}function Qn(e){let[t,n]=U({top:0,height:0,rowHeight:0}),o=()=>{let a=e.current,s=a?.querySelector?.("tbody tr.wb-row")?.getBoundingClientRect?.().height??0,r=Math.floor((a?.scrollTop??0)/200)*200,l=(a?.clientHeight??0)+200;s&&(r!==t.top||l!==t.height||Math.abs(s-t.rowHeight)>1)&&n({top:r,height:l,rowHeight:s})};return q(o),[t,o]}var Ht=({height:e})=>e?i`<tr aria-hidden="true" style=${{height:`${e}px`}}><td colspan=${Bt.length} /></tr>`:null,Oe=class extends K{shouldComponentUpdate({row:t,index:n,isFirst:o,nowUs:a}){let s=this.props;return n!==s.index||o!==s.isFirst||qt(t,a)!==qt(s.row,s.nowUs)||Object.keys(t).some(r=>t[r]!==s.row[r])}render({row:t,index:n,isFirst:o,link:a,nowUs:s}){return Yn(t,n,o,a,s)}},qt=(e,t)=>[V(e.lastTurnUs,t),e.action?E(t-e.actionSinceUs):"",e.oldestUs?E(t-e.oldestUs):""].join();function Yn(e,t,n,o,a){return i`<tr class="wb-row" aria-rowindex=${t+2}>
    <td><button class="wb-link" tabindex=${n?0:-1} ref=${o.focus.take(`actor:${e.name}`)} onClick=${()=>be(o,e.name)}>
      <${C} text=${e.name} /></button></td>
    <td class="wb-muted">${e.kind}${e.parent?` of ${g(e.parent)}`:""}</td>
    <td><${Jn} row=${e} nowUs=${a} /></td>
    <td class="wb-num">${$(e.revision)}</td>
    <td class="wb-num ${e.waiting?"wb-strong":"wb-muted"}" title=${e.oldestUs?`oldest ${E(a-e.oldestUs)}`:""}>${$(e.waiting)}</td>
    <td class="wb-num">${Ft(e)?$(e.turns):""}</td>
    <td class="wb-num ${e.failures?"wb-tone-bad":"wb-muted"}">${Ft(e)?$(e.failures):""}</td>
    <td class="wb-num wb-muted">${V(e.lastTurnUs,a)}</td>
  </tr>`}var Ft=e=>e.phase!=="passive"||e.turns>0;function Jn({row:e,nowUs:t}){if(!e.action)return i`<${X} phase=${e.phase} /> ${e.deployed?null:i`<span class="wb-muted">no code here</span>`}`;let n=e.actionSinceUs?i`<span class="wb-muted">${E(t-e.actionSinceUs)}</span>`:null;return i`<${X} phase="running"><${C} text=${e.action} /> ${n}<//>`}function Zn({view:e,link:t}){let n=(e.matching??0)-(e.rows?.length??0);return!n&&!e.is_partial?null:i`<div class="wb-toolbar">
    ${n?i`<button class="wb-button" onClick=${()=>t.ask("more")}>Show more</button>
      <span class="wb-muted">… ${k(n,"more actor")}</span>`:null}
    ${e.is_partial?i`<span class="wb-muted">There are more actors: type the start of a name to find others.</span>`:null}
  </div>`}var Xn=e=>e.query?.search?`No actor matches “${g(e.query.search)}”.`:e.problem?"No actors to show.":"No actors yet. Define one in a cell that starts with %%actor.";var Rt=170,eo=40,to="notebook";function zt({link:e,nowUs:t,children:n}){let{view:o}=e.frame,a=(o.edges??[]).map(St);return i`<div class="wb-panel">
    <div class="wb-header">
      <h3><${C} text=${o.system} /></h3>
      <${fe} link=${e} shown="topology" />
      <span class="wb-space" />
      <${F} link=${e} />
    </div>
    ${n}
    ${a.length?i`<${no} view=${o} edges=${a} link=${e} />`:i`<p class="wb-empty">${co(o)}</p>`}
    <${lo} view=${o} />
    ${a.length?i`<${io} view=${o} edges=${a} link=${e} />`:null}
    ${o.chosen?i`<${A} title="Messages" note=${o.chosen.map(g).join(" → ")}>
      <${Be} rows=${(o.messages??[]).map(me)} nowUs=${t} /><//>`:null}
  </div>`}var Wt=(e,t)=>e.chosen?.[0]===t.source&&e.chosen?.[1]===t.target,Vt=(e,t)=>e.ask("edge",{source:t.source,target:t.target});function no({view:e,edges:t,link:n}){return i`<div class="wb-scroll wb-tall" role="region" aria-label="Picture of the calls" tabindex="0">
    <svg class="wb-topology" width=${e.width} height=${e.height} viewBox="0 0 ${e.width} ${e.height}" aria-hidden="true">
      ${t.map(o=>i`<${oo} key=${`${o.source}>${o.target}`} edge=${o} isChosen=${Wt(e,o)} link=${n} />`)}
      ${(e.nodes??[]).map(kt).map(o=>i`<${ao} key=${o.name} node=${o} link=${n} />`)}
    </svg>
  </div>`}function oo({edge:e,isChosen:t,link:n}){let o=1+Math.min(3,String(e.calls).length*.5);return i`<g class="wb-edge ${e.failures?"wb-tone-bad":""} ${t?"wb-chosen":""} ${e.rate?"wb-busy":""}" onClick=${()=>Vt(n,e)}>
    <title>${g(e.source)} → ${g(e.target)}: ${so(e)}</title>
    <path class="wb-hit" d=${e.path} />
    <path class="wb-edge-line" d=${e.path} stroke-width=${o} />
    <path class="wb-edge-head" d=${e.head} />
  </g>`}var so=e=>[k(e.calls,"call"),e.rate?W(e.rate):"",e.failures?k(e.failures,"failure"):"",`mean ${D(e.meanUs)}`].filter(Boolean).join(", ");function ao({node:e,link:t}){let n=e.name===to,o=n?"outside":`${k(e.calls,"call")}${e.failures?` · ${$(e.failures)} failed`:""}`,a=e.members?`×${$(e.members)}`:"";return i`<g class="wb-box ${e.failures?"wb-tone-bad":""} ${n?"wb-outside":""}" onClick=${n?null:()=>be(t,e.name)}>
    <title>${g(e.name)}${e.members?`, ${k(e.members,"child","children")}`:""}</title>
    <rect x=${e.x} y=${e.y} width=${Rt} height=${eo} rx="5" />
    <text x=${e.x+9} y=${e.y+17} class="wb-box-name">${ro(g(e.name),21-a.length)}</text>
    <text x=${e.x+Rt-9} y=${e.y+17} text-anchor="end">${a}</text>
    <text x=${e.x+9} y=${e.y+32} class="wb-box-note">${o}</text>
  </g>`}var ro=(e,t)=>e.length<=t?e:`${e.slice(0,t-1)}…`;function io({view:e,edges:t,link:n}){let o=N(null);return i`<${A} title="Connections" note=${k(t.length,"connection")}>
    <div class="wb-scroll wb-connections"><table class="wb-table" aria-label="Connections, those with most calls first">
      <thead><tr><th scope="col">from → to</th><th scope="col" class="wb-num">calls</th><th scope="col" class="wb-num">rate</th>
        <th scope="col" class="wb-num">failures</th><th scope="col" class="wb-num wb-optional">mean</th><th scope="col" class="wb-num wb-optional">slowest</th></tr></thead>
      <tbody ref=${o} onKeyDown=${a=>de(a,o.current)}>
        ${t.map((a,s)=>i`<tr key=${`${a.source}>${a.target}`}>
          <td><button class="wb-link" tabindex=${s===0?0:-1} aria-expanded=${Wt(e,a)?"true":"false"} onClick=${()=>Vt(n,a)}>
            <${C} text=${a.source} /> → <${C} text=${a.target} /></button></td>
          <td class="wb-num">${$(a.calls)}</td>
          <td class="wb-num wb-muted">${W(a.rate)}</td>
          <td class="wb-num ${a.failures?"wb-tone-bad":"wb-muted"}">${$(a.failures)}</td>
          <td class="wb-num wb-optional">${D(a.meanUs)}</td>
          <td class="wb-num wb-optional">${D(a.slowestUs)}</td>
        </tr>`)}
      </tbody>
    </table></div>
  <//>`}function lo({view:e}){let t=[e.hidden_nodes?k(e.hidden_nodes,"more actor"):"",e.hidden_edges?k(e.hidden_edges,"more connection"):""].filter(Boolean),n=e.counters?.dropped;return!t.length&&!n?null:i`<div class="wb-toolbar wb-muted">
    ${t.length?i`<span>… ${t.join(" and ")} with fewer calls</span>`:null}
    ${n?i`<span>${k(n,"event")} dropped: counts are of what was seen</span>`:null}
  </div>`}var co=e=>e.problem?"No calls to show.":"No calls seen yet. They appear as actors are called.";var uo={actor:Lt,form:It,system:Ot,topology:zt};function Kt({link:e}){mo(e);let[t]=U(()=>new he(e.time.now)),{view:n}=e.frame,o=e.nowUs(),a=uo[n?.panel];return i`<div class="wb" role="group" aria-label=${po(n)} data-lm-suppress-shortcuts="true" tabindex="-1" onKeyDown=${s=>vt(s,e)}>
    ${a?i`<${a} key=${`${n.panel}:${n.name??""}`} link=${e} nowUs=${o}>
          ${bo(e,o).map(s=>i`<${xt} problem=${s} />`)}
        <//>`:i`<p class="wb-empty">Waiting for the first picture…</p>`}
    <div class="wb-hidden" role="status" aria-live="polite">${t.next(Nt(e.frame,e))}</div>
  </div>`}var po=e=>e?.name?`Actor ${g(e.name)}`:`Actor system ${g(e?.system??"")}`;function bo(e,t){let{problem:n}=e.frame.view,o=e.unknown&&{kind:"missing",title:e.unknown};return[e.isStale()?fo(e,t):n,o].filter(Boolean)}var fo=(e,t)=>({kind:"stale",title:"No news from the kernel",text:`This is how it was at ${mt(t,Date.now()*1e3)}. If the kernel was restarted or the notebook reopened, run the cell again.`});function mo(e){let[,t]=U(0),n=()=>t(a=>a+1),o=!!e.frame.view?.running&&!e.isStale()&&!_o();q(()=>e.subscribe(n),[e]),q(()=>{let a=setInterval(()=>globalThis.document?.hidden||n(),o?100:1e3);return()=>clearInterval(a)},[o])}var _o=()=>!!globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches;var ho=300,wo=6e3,$o={seq:0,now:0,view:null},we=class{constructor(t,n={}){this.model=t,this.time={now:()=>Date.now(),setTimeout:(o,a)=>setTimeout(o,a),clearTimeout:o=>clearTimeout(o),...n},this.frame=$o,this.focus=new pe,this.queued=0,this.unknown="",this.pending=new Map,this.listeners=new Set,this.lastId=0,this.heardAt=this.time.now(),this.seenSince=this.heardAt,this.offsetUs=0,this.onFrame=()=>this.take(t.get("frame")),this.onMessage=o=>this.hear(o),t.on("change:frame",this.onFrame),t.on("msg:custom",this.onMessage),this.onFrame()}subscribe(t){return this.listeners.add(t),()=>this.listeners.delete(t)}close(){this.model.off("change:frame",this.onFrame),this.model.off("msg:custom",this.onMessage);for(let t of this.pending.values())this.time.clearTimeout(t);this.pending.clear(),this.listeners.clear()}nowUs(){return(this.isStale()?this.heardAt:this.time.now())*1e3+this.offsetUs}isStale(){return this.time.now()-Math.max(this.heardAt,this.seenSince)>wo}see(t){this.seenSince=t?this.time.now():1/0}ask(t,n={}){let o=++this.lastId;this.unknown="",this.pending.set(o,this.time.setTimeout(()=>this.countQueued(),ho)),this.send({id:o,type:t,data:n})}tell(t,n){this.send({id:0,type:t,data:n})}send(t){try{this.model.send(t)}catch{}}take(t){let n=go(t);!n||n.seq<this.frame.seq||(this.frame=n,this.alive(n.now))}hear(t){t?.type==="beat"&&this.alive(t.now),t?.type==="heard"&&this.acknowledged(t)}alive(t){this.heardAt=this.time.now(),this.offsetUs=t-this.heardAt*1e3,this.changed()}acknowledged({id:t,known:n}){this.pending.has(t)&&(this.time.clearTimeout(this.pending.get(t)),this.pending.delete(t),n||(this.unknown="Nothing is connected to this button here."),this.countQueued(this.queued>0))}countQueued(t=!0){this.queued=t?this.pending.size:0,this.changed()}changed(){for(let t of this.listeners)t()}};function go(e){try{let t=JSON.parse(e);return t&&typeof t.seq=="number"&&t.view?t:null}catch{return null}}var Gt=`
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
`;var vo=0;function Qt(e,t,{document:n=globalThis.document,window:o=globalThis}={}){let a=`${Date.now().toString(36)}-${++vo}`,s=!0,r="",l=b=>{b!==r&&t(r=b,a)},p=()=>l(s&&!n.hidden?"visible":"hidden"),d=new o.IntersectionObserver(b=>{s=b[b.length-1].isIntersecting,p()}),u=()=>l("hidden");return d.observe(e),n.addEventListener("visibilitychange",p),o.addEventListener("pagehide",u),()=>{d.disconnect(),n.removeEventListener("visibilitychange",p),o.removeEventListener("pagehide",u),l("gone")}}function xo(e){if(!/^[0-9a-f]+$/.test(e??""))return"";let t=`[data-wb-picture="${e}"]`;return`${t}, .jp-OutputArea-child:has(${t}) { display: none; }`}var zs={render({model:e,el:t}){let n=new we(e),o=t.ownerDocument.createElement("style"),a=t.ownerDocument.createElement("div");o.textContent=Gt+xo(e.get("token")),t.append(o,a),Ce(i`<${Kt} link=${n} />`,a);let s=Qt(t,(r,l)=>{n.see(r==="visible"),n.tell("visible",{view:l,state:r})});return()=>{s(),n.close(),Ce(null,a)}}};export{zs as default};
