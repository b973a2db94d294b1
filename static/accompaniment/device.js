// « Mes notifications »: this browser can be told of news while its session lasts. It asks only when somebody presses.

const supported = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

class NoticeDevice extends HTMLElement {
  async connectedCallback() {
    this.line = this.querySelector("[data-line]");
    this.on = this.querySelector("[data-on]");
    this.off = this.querySelector("[data-off]");
    this.on.addEventListener("click", () => this.#act(() => this.#begin()));
    this.off.addEventListener("click", () => this.#act(() => this.#end()));
    if (!supported) return;
    const worker = await navigator.serviceWorker.getRegistration();
    this.#show((await worker?.pushManager.getSubscription()) ?? null);
    this.hidden = false;
  }

  async #act(act) {
    const buttons = this.querySelectorAll("button");
    for (const button of buttons) button.disabled = true;
    try {
      await act();
    } catch {
      this.line.textContent = this.dataset.failed;
    }
    for (const button of buttons) button.disabled = false;
    // A button that is disabled loses the focus; the one that is left takes it.
    this.querySelector("p:not([hidden]) > button").focus();
  }

  async #begin() {
    if ((await Notification.requestPermission()) !== "granted") {
      this.line.textContent = this.dataset.forbidden;
      return;
    }
    const worker = await navigator.serviceWorker.ready;
    const options = { userVisibleOnly: true, applicationServerKey: this.dataset.key };
    const subscription = await worker.pushManager.subscribe(options);
    const { endpoint, keys } = subscription.toJSON();
    if (!(await this.#send({ endpoint, key: keys.p256dh, secret: keys.auth }))) {
      await subscription.unsubscribe();
      throw new Error("refused");
    }
    this.#show(subscription);
    this.line.textContent = this.dataset.begun;
  }

  async #end() {
    const worker = await navigator.serviceWorker.ready;
    const subscription = await worker.pushManager.getSubscription();
    if (subscription !== null) {
      await this.#send({ endpoint: subscription.endpoint, ends: "1" });
      await subscription.unsubscribe();
    }
    this.#show(null);
    this.line.textContent = this.dataset.ended;
  }

  async #send(fields) {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    const headers = { "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value };
    const answer = await fetch(this.dataset.url, { method: "POST", body: form, headers, redirect: "error" });
    return answer.ok;
  }

  #show(subscription) {
    this.on.hidden = subscription !== null;
    this.off.hidden = subscription === null;
  }
}

customElements.define("notice-device", NoticeDevice);
