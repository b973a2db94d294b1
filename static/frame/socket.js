// The socket of a page. After a loss it reconnects, and waits longer each time. It stays closed if the server says
// that there is nothing to come back to.
//
// Its owner provides
//   hello()               returns the first frame; the socket is live once the server has answered it;
//   ping()                returns a frame to send every `every` ms; without an answer the socket counts as lost;
//   live()                is called when the socket is live, also after each loss;
//   frame(frame)          receives a frame of the server;
//   lost(failures)        is called after a loss, with the number of failed tries in a row;
//   shut(code, loggedOut) is called when the socket is closed for good; loggedOut: nobody is logged in here.

const FIRST_WAIT = 500; // ms before the first new try; each further wait is twice as long
const LONGEST_WAIT = 20_000; // ms
const ANSWER_WITHIN = 10_000; // ms
const CALMED_DOWN_AFTER = 30_000; // ms
const SESSION_ASKED_AFTER = 2_000; // ms: after a password change in another tab, the new session takes a moment

const SESSION_OVER = 4401;
const TOO_MANY = 4429;
// No right, no such thing, taken over by another tab, over.
const FOR_GOOD = new Set([4403, 4404, 4409, 4410]);

// When many pages are disconnected at once, they must not all reconnect at the same moment.
const spread = (wait) => wait * (0.5 + Math.random() / 2);

export class LastingSocket {
  constructor(path, owner) {
    this.address = new URL(path, window.location.href);
    this.address.protocol = window.location.protocol === "https:" ? "wss:" : "ws:";
    this.owner = owner;
    this.socket = null;
    this.live = false;
    this.failures = 0;
    this.renewed = false; // the session has ended once, and this browser has another one
    this.next = null; // the next try, if it may also come sooner
    this.silence = null; // runs while an answer is expected
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

  // Sends a frame; returns false while the socket is not live.
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

  // To give its reason, a server that refuses must open the socket first. So an open socket is not live yet.
  #opened(socket) {
    if (socket === this.socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(this.owner.hello()));
  }

  #heard(socket, frame) {
    if (socket !== this.socket) return;
    this.#endSilence();
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

  // A socket may never report that it is closed when the network is lost. The wait counts from the first ping without
  // an answer: later pings do not prolong it.
  #expectAnswer() {
    if (this.silence !== null) return;
    const asked = this.socket;
    this.silence = setTimeout(() => this.#lost(asked, 0), ANSWER_WITHIN);
  }

  #endSilence() {
    clearTimeout(this.silence);
    this.silence = null;
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

  // Loading the page shows whether anybody is logged in here. If so, the socket tries once more, and only once.
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

  // The browser says that the network is back. Ping a socket that survived; try at once to replace a lost one.
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
    this.#endSilence();
    clearInterval(this.heartbeat);
    socket?.close();
  }
}
