// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";

/// Half of the workload of `wardnet bench ledger`: a plain token with one root hash per id.
/// It is no contract of the hospital network.
contract BenchToken is ERC721, Ownable {
    event RootAnchored(uint256 indexed tokenId, bytes32 root);

    error RootMissing();

    mapping(uint256 => bytes32) public rootHash;

    constructor() ERC721("Bench Record", "BENCH") Ownable(msg.sender) {}

    function mint(address to, uint256 tokenId, bytes32 root) external onlyOwner {
        if (root == 0) revert RootMissing();
        _mint(to, tokenId);
        rootHash[tokenId] = root;
        emit RootAnchored(tokenId, root);
    }
}
