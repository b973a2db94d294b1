// The socket of a page. After a loss it comes back by itself, later each time; where the server says that there is
// nothing to come back to, it stays away.
//
// Its owner gives
//   hello()               the first frame, which the server answers: from that answer on the socket is live;
//   ping()                a frame that the server answers, sent every `every` ms: silence counts as a loss;
//   live()                hears that the socket is live, at first and again after a loss;
//   frame(frame)          hears what the server says;
//   lost(failures)        hears of a loss, and how many tries in a row have failed by now;
//   shut(code, loggedOut) hears that it is over for good, and whether nobody is logged in here any more.

const FIRST_WAIT = 500; // ms before the first new try; each further one waits twice as long
const LONGEST_WAIT = 20_000; // ms
const ANSWER_WITHIN = 10_000; // ms
const CALMED_DOWN_AFTER = 30_000; // ms
const SESSION_ASKED_AFTER = 2_000; // ms: a password that was changed in another tab brings a new session

const SESSION_OVER = 4401;
const TOO_MANY = 4429;
// The right is gone, there is no such thing, another tab has it, it is over.
const FOR_GOOD = new Set([4403, 4404, 4409, 4410]);

// Whatever cut off many pages at once, they do not come back at once.
const spread = (wait) => wait * (0.5 + Math.random() / 2);

export class LastingSocket {
  constructor(path, owner) {
    this.address = new URL(path, window.location.href);
    this.address.protocol = window.location.protocol === "https:" ? "wss:" : "ws:";
    this.owner = owner;
    this.socket = null;
    this.live = false;
    this.failures = 0;
    this.renewed = false; // the session was over once, and this browser has another one
    this.next = null; // what waits, where nothing speaks against doing it sooner
    this.back = () => this.#hurry();
  }

  open() {
    window.addEventListener("online", this.back);
    this.#connect();
  }

  stop() {
    window.removeEventListener("online", this.back);
    this.over = true;
    this.#drop();
  }

  // Send a frame; false while the socket is not live.
  tell(frame) {
    if (!this.live || this.socket.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  #connect() {
    this.#drop();
    try {
      const socket = new WebSocket(this.address);
      this.socket = socket;
      socket.addEventListener("open", () => this.#opened(socket));
      socket.addEventListener("message", (event) => this.#heard(socket, JSON.parse(event.data)));
      socket.addEventListener("close", (event) => this.#lost(socket, event.code));
      this.#expectAnswer();
    } catch {
      this.#again(() => this.#connect());
    }
  }

  // A server that refuses opens the socket only to say why.
  #opened(socket) {
    if (socket === this.socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(this.owner.hello()));
  }

  #heard(socket, frame) {
    if (socket !== this.socket) return;
    clearTimeout(this.silence);
    if (!this.live) {
      this.live = true;
      this.failures = 0;
      this.renewed = false;
      this.heartbeat = setInterval(() => this.#ask(), this.owner.every);
      this.owner.live();
    }
    this.owner.frame(frame);
  }

  #ask() {
    this.tell(this.owner.ping());
    this.#expectAnswer();
  }

  // A socket that the network swallowed may never say that it is closed.
  #expectAnswer() {
    clearTimeout(this.silence);
    const asked = this.socket;
    this.silence = setTimeout(() => this.#lost(asked, 0), ANSWER_WITHIN);
  }

  #lost(socket, code) {
    if (socket !== this.socket || this.over) return;
    this.#drop();
    if (FOR_GOOD.has(code) || (code === SESSION_OVER && this.renewed)) this.#shut(code, false);
    else if (code === SESSION_OVER) this.timer = setTimeout(() => this.#askForSession(), SESSION_ASKED_AFTER);
    else if (code === TOO_MANY) {
      this.#count();
      this.timer = setTimeout(() => this.#connect(), CALMED_DOWN_AFTER * (1 + Math.random() / 2));
    } else this.#again(() => this.#connect());
  }

  // The page itself tells whether anybody is logged in here. If so, the socket tries once more, and only once.
  async #askForSession() {
    const page = await fetch(window.location.href).catch(() => null);
    if (this.over) return;
    if (page === null || page.status >= 500) this.#again(() => this.#askForSession());
    else if (page.redirected) this.#shut(SESSION_OVER, true);
    else {
      this.renewed = true;
      this.#connect();
    }
  }

  #again(act) {
    const wait = spread(Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.failures));
    this.#count();
    this.next = act;
    this.timer = setTimeout(() => this.#now(), wait);
  }

  #count() {
    this.failures += 1;
    this.owner.lost(this.failures);
  }

  #now() {
    const act = this.next;
    clearTimeout(this.timer);
    this.next = null;
    act();
  }

  // The browser says that the network is back: a socket that survived is asked, one that is gone is made anew.
  #hurry() {
    if (this.live) this.#ask();
    else if (this.next !== null) {
      this.failures = 0;
      this.#now();
    }
  }

  #shut(code, loggedOut) {
    this.stop();
    this.owner.shut(code, loggedOut);
  }

  #drop() {
    const { socket } = this;
    this.socket = null;
    this.live = false;
    this.next = null;
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    clearInterval(this.heartbeat);
    socket?.close();
  }
}
